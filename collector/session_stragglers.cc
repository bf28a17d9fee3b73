#include "collector/session_stragglers.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "collector/own_program.h"
#include "collector/procfs.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kOftenNs = 200 * kMs;  // so long, every 5 ms; then every 50
constexpr int64_t kShortNs = 5 * kMs, kLongNs = 50 * kMs;

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
  if (processes == nullptr) return all;
  while (const dirent* const one = readdir(processes.get())) {
    pid_t pid = 0;
    const char* const end = one->d_name + strlen(one->d_name);
    if (std::from_chars(one->d_name, end, pid).ptr == end) all.push_back(pid);
  }
  return all;
}

}  // namespace

void Stragglers::Look() {
  const std::string entry = absl::StrCat(kSessionVariable, "=", variable_);
  for (const pid_t pid : StartedByKernel()) no_descendants_.insert(pid);  // else each would be asked: most of /proc
  const std::vector<pid_t> ended_before = std::exchange(ended_, {});
  const pid_t self = getpid();
  seen_.clear();
  may_have_missed_ = false;
  for (const pid_t pid : AllProcesses()) {
    if (pid == self || pid == except_ || no_descendants_.contains(pid)) continue;
    const auto process = ProcessDirectory::Open(pid);
    const std::string environment = process.ok() ? process->Read("environ") : "";
    if (environment.find(entry) != std::string::npos) {
      if (!except_fdtrace_ || !RunsOurProgram(*process)) seen_.push_back(pid);
    } else if (!environment.empty() || (process.ok() && process->Lives())) {
      continue;
    } else if (process.ok() && process->IsKernelThread()) {
      no_descendants_.insert(pid);  // has no memory either
    } else {
      ended_.push_back(pid);
      may_have_missed_ |= !std::binary_search(ended_before.begin(), ended_before.end(), pid);
    }
  }
  std::sort(ended_.begin(), ended_.end());
}

bool Stragglers::MayStillCome(int64_t now_ns) {
  const bool is_first = first_look_ns_ == 0;
  if (is_first) first_look_ns_ = now_ns;
  if (now_ns >= next_look_ns_) {
    Look();
    // Those that ended during the first one have left all their children by now.
    const bool at_once = is_first && seen_.empty();
    next_look_ns_ = now_ns + (at_once ? 0 : now_ns - first_look_ns_ < kOftenNs ? kShortNs : kLongNs);
  }
  return may_still_come();
}

}  // namespace fdtrace
