// Names of outputs that say which recording they are of.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cli/options.h"

namespace fdtrace {

struct NamedRecording {
  pid_t pid = 0;                // of the program; 0 while it is not known
  int64_t started_unix_ns = 0;  // since 1970, UTC
  std::string program;          // its path, or "session"
};

// NAME with these replaced; "%" before anything else stays as it is:
//   %p  the pid
//   %t  when recording started, UTC, as 20261128T083015Z
//   %n  the program's name, as in the default name of a trace
//   %%  a percent sign
std::string ExpandOutputName(absl::string_view name, const NamedRecording& recording);

// OPTIONS with the same done to the trace, "fdtrace.PROGRAM.PID.fdt" if it had no name, and the reports.
RunOptions NameOutputs(RunOptions options, const NamedRecording& recording);

// Whether the trace and all reports of OPTIONS, as named above, could be written now, each to a place of its own.
absl::Status CheckOutputs(const RunOptions& options);

}  // namespace fdtrace
