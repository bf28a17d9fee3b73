#include "viewer/heading.h"

#include <string.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kCommandWidth = 60;

}  // namespace

std::string CommandInShort(const Recording& recording) {
  if (recording.session()) return "session";
  const std::string command = absl::StrJoin(recording.command(), " ");
  return command.empty() ? "the program" : CutTo(command, kCommandWidth);
}

std::string HowItEnded(const Recording& recording) {
  if (recording.duration_ns() == 0) return "ended in a way that the trace does not tell";
  if (recording.session()) return absl::StrCat("recorded for ", HumanDuration(recording.duration_ns()));
  const std::string after = absl::StrCat(" after ", HumanDuration(recording.duration_ns()));
  if (recording.signal() == 0) return absl::StrCat("ended with status ", recording.exit_status(), after);
  const char* name = sigabbrev_np(static_cast<int>(recording.signal()));
  // Real-time signals have no names.
  return absl::StrCat("was killed by ",
                      name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat("signal ", recording.signal()), after);
}

}  // namespace fdtrace
