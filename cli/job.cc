// See proc(5) for what is read here.
#include "cli/job.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fdtrace {
namespace {

constexpr pid_t kInit = 1;

pid_t ParentOf(pid_t pid) {
  const auto process = ProcessDirectory::Open(pid);
  return process.ok() ? static_cast<pid_t>(process->Parent()) : 0;
}

// Whether PID was forked from its parent and runs the same program image still, as the subshell of a $(...): the kernel
// puts every image elsewhere, and the auxiliary vector tells where.
bool IsForkOfItsParent(pid_t pid, pid_t parent) {
  const auto child_process = ProcessDirectory::Open(pid), parent_process = ProcessDirectory::Open(parent);
  if (!child_process.ok() || !parent_process.ok()) return false;
  const std::string vector = child_process->Read("auxv");
  return !vector.empty() && vector == parent_process->Read("auxv");
}

pid_t ShellOf(pid_t pid) {
  for (pid_t parent = ParentOf(pid); parent > 0 && IsForkOfItsParent(pid, parent); parent = ParentOf(pid)) pid = parent;
  return pid;
}

// A shell at a terminal, as far as can be told from outside: it reads from one, and was given no script and no command.
bool IsInteractive(pid_t shell) {
  const auto process = ProcessDirectory::Open(shell);
  if (!process.ok()) return false;
  const std::string input = process->Link("fd/0").value_or("");
  if (!absl::StartsWith(input, "/dev/pts/") && !absl::StartsWith(input, "/dev/tty")) return false;
  const std::vector<std::string> words = process->CommandLine();
  for (size_t i = 1; i < words.size(); ++i) {
    const absl::string_view word = words[i];
    const bool is_option = absl::StartsWith(word, "-") && !absl::StartsWith(word, "-c");
    if (!is_option) return false;
  }
  return true;
}

}  // namespace

std::vector<ProcessWatch> KeepersFor(pid_t starter) {
  const pid_t shell = starter > 0 ? ShellOf(starter) : kInit;
  std::vector<ProcessWatch> keepers;
  keepers.emplace_back(shell);
  if (shell == kInit || IsInteractive(shell)) return keepers;
  const pid_t parent = ParentOf(shell);
  if (parent == 0) keepers.emplace_back(kInit);  // beyond our pid namespace: the container is the job
  if (parent > kInit) keepers.emplace_back(parent);
  return keepers;
}

}  // namespace fdtrace
