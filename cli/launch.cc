// The child runs in our memory until its exec, as vfork(2) has it: to copy it would take longer than all else here, and
// an exec that failed needs only to be written down.
#include "cli/launch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status CannotRun(const Program& program, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    return absl::NotFoundError(absl::StrCat("cannot run ", program.path,
                                            access(program.path.c_str(), F_OK) == 0
                                                ? ": the interpreter or loader it asks for does not exist"
                                                : absl::StrCat(": ", strerror(error))));
  }
  return absl::PermissionDeniedError(absl::StrCat("cannot run ", program.path, ": ", strerror(error)));
}

}  // namespace

absl::StatusOr<pid_t> StartProgram(const Launch& launch, const SignalRelay& signals) {
  const std::string& path = launch.program.path;
  const std::vector<char*> arguments = Pointers(launch.command), environment = Pointers(launch.environment);
  std::vector<std::string> shell_words = launch.command;
  shell_words[0] = path;
  shell_words.insert(shell_words.begin(), "/bin/sh");
  const std::vector<char*> shell_arguments = Pointers(shell_words);

  volatile int error = 0;  // the child's
  const pid_t child = vfork();
  if (child < 0) return absl::UnavailableError(absl::StrCat("cannot fork: ", strerror(errno)));
  if (child == 0) {  // what it sets is its own, all but memory
    setrlimit(RLIMIT_NOFILE, &launch.open_files);
    signals.RestoreForExec();
    execve(path.c_str(), arguments.data(), environment.data());
    if (errno == ENOEXEC && launch.program.shell_text) {
      execve("/bin/sh", shell_arguments.data(), environment.data());
    }
    error = errno;
    _exit(127);
  }
  if (error == 0) return child;
  waitpid(child, nullptr, 0);
  return CannotRun(launch.program, error);
}

}  // namespace fdtrace
