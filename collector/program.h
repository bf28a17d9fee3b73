// Finds the program to run as a shell would, and tells from its file whether fdtrace's library can be loaded into it.
//
// Reads files and runs nothing. Where a file cannot be read or understood, it is taken for traceable: the recording
// then shows what really happened.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"

namespace fdtrace {

enum class ProgramKind {
  kDynamic,       // the GNU C library's loader starts it: traceable
  kUnknown,       // not to be told from its file
  kStatic,        // no loader takes part, so none can load a library
  kOtherLibc,     // another loader (musl's, say), in which a library made for glibc need not work
  kOtherMachine,  // 32 bits, or another processor
  kPrivileged     // set-user-ID and the like: the loader ignores LD_PRELOAD
};

struct Program {
  std::string path;  // to hand to execve
  ProgramKind kind = ProgramKind::kUnknown;
  std::string untraced_reason;  // a sentence without its full stop; empty when traceable
  bool shell_text = false;      // text without "#!": execve refuses it, and /bin/sh runs it, as execvp(3) has it
};

// Who runs it: decides whether its set-user-ID bit, set-group-ID bit or file capabilities raise it above the caller.
struct Caller {
  uid_t uid = 0;  // real
  gid_t gid = 0;
  bool no_new_privileges = false;  // prctl(PR_SET_NO_NEW_PRIVS): such bits have no effect

  static Caller Current();
};

// A program that a process said it was about to run.
struct AnnouncedProgram {
  std::string path;  // as passed to the call
  Caller caller;     // the process, then
};

// The file that NAME stands for: itself if it has a slash, else the first executable along PATH (its value; a null one
// means the system's default). NotFound: a shell would answer 127. PermissionDenied: found but not executable, 126.
absl::StatusOr<std::string> FindProgram(const std::string& name, const char* path);

// Follows "#!" to the interpreter that the kernel will start.
Program InspectProgram(const std::string& path, const Caller& caller);

}  // namespace fdtrace
