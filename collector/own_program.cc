#include "collector/own_program.h"

#include <unistd.h>

#include <optional>

namespace fdtrace {

bool RunsOurProgram(const ProcessDirectory& process) {
  static const std::optional<struct statx> ours = [] {
    const auto self = ProcessDirectory::Open(getpid());
    return self.ok() ? self->StatusOf("exe") : std::nullopt;
  }();
  const std::optional<struct statx> theirs = process.StatusOf("exe");
  return ours.has_value() && theirs.has_value() && ours->stx_ino == theirs->stx_ino &&
         ours->stx_dev_major == theirs->stx_dev_major && ours->stx_dev_minor == theirs->stx_dev_minor;
}

}  // namespace fdtrace
