#include "collector/session_stragglers.h"

#include <dirent.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "collector/procfs.h"
#include "proto/session.h"

namespace fdtrace {

std::vector<pid_t> ProcessesWith(const std::string& variable, pid_t except) {
  const std::string entry = absl::StrCat(kSessionVariable, "=", variable);
  std::vector<pid_t> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  if (processes == nullptr) return found;
  const pid_t self = getpid();
  while (const dirent* const one = readdir(processes.get())) {
    pid_t pid = 0;
    const char* const end = one->d_name + strlen(one->d_name);
    if (std::from_chars(one->d_name, end, pid).ptr != end || pid == self || pid == except) continue;
    const auto process = ProcessDirectory::Open(pid);
    if (process.ok() && process->Read("environ").find(entry) != std::string::npos) found.push_back(pid);
  }
  return found;
}

bool Stragglers::MayStillComeForward(const std::string& variable, pid_t root, int64_t now_ns) {
  if (first_asked_ns_ == 0) first_asked_ns_ = now_ns;
  return now_ns - first_asked_ns_ < kStragglerLimitNs && !ProcessesWith(variable, root).empty();
}

}  // namespace fdtrace
