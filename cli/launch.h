// Starts the traced program as fdtrace's caller would have started it: the same descriptors, signal mask, dispositions
// and limits, none of fdtrace's own.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/signal_relay.h"
#include "collector/program.h"

namespace fdtrace {

struct Launch {
  Program program;
  std::vector<std::string> command;      // argv
  std::vector<std::string> environment;  // envp
  rlimit open_files;                     // RLIMIT_NOFILE as fdtrace was started with
};

// The pid of the program, once the kernel has accepted it. NotFound: a shell would answer 127; PermissionDenied: the
// kernel refused it, 126; other errors are ours.
absl::StatusOr<pid_t> StartProgram(const Launch& launch, const SignalRelay& signals);

}  // namespace fdtrace
