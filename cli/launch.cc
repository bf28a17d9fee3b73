// The child tells an exec that failed through a pipe that a successful exec closes.
#include "cli/launch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "collector/owned_fd.h"

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

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("cannot make a pipe: ", strerror(errno)));
  const OwnedFd reading(ends[0]);
  OwnedFd writing(ends[1]);
  const pid_t child = fork();
  if (child < 0) return absl::UnavailableError(absl::StrCat("cannot fork: ", strerror(errno)));
  if (child == 0) {  // async-signal-safe calls alone: other threads may hold the heap's locks
    setrlimit(RLIMIT_NOFILE, &launch.open_files);
    signals.RestoreForExec();
    execve(path.c_str(), arguments.data(), environment.data());
    if (errno == ENOEXEC && launch.program.shell_text) {
      execve("/bin/sh", shell_arguments.data(), environment.data());
    }
    const int error = errno;
    (void)!write(writing.get(), &error, sizeof(error));
    _exit(127);
  }
  writing = OwnedFd();
  int error = 0;
  ssize_t bytes;
  while ((bytes = read(reading.get(), &error, sizeof(error))) < 0 && errno == EINTR) {
  }
  if (bytes != sizeof(error)) return child;  // closed by exec
  waitpid(child, nullptr, 0);
  return CannotRun(launch.program, error);
}

}  // namespace fdtrace
