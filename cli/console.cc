#include "cli/console.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace fdtrace {

void Say(absl::string_view line) {
  const std::string text = absl::StrCat("fdtrace: ", line, "\n");
  (void)!write(STDERR_FILENO, text.data(), text.size());  // one call, so that the program's own lines do not cut it
}

int Complain(const absl::Status& failure) {
  Say(failure.message());
  return kExitFailed;
}

void FillStandardDescriptors() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDWR | O_CLOEXEC);  // gives the lowest free number
  }
}

bool ColoursOn(int descriptor) {
  const char* const refused = getenv("NO_COLOR");
  const char* const terminal = getenv("TERM");
  return isatty(descriptor) && (refused == nullptr || *refused == '\0') &&
         (terminal == nullptr || strcmp(terminal, "dumb") != 0);
}

}  // namespace fdtrace
