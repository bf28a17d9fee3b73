#include "collector/session_stragglers.h"

#include <dirent.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "collector/own_program.h"
#include "collector/procfs.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kOftenNs = 200 * kMs;  // so long, every 5 ms; then every 50
constexpr int64_t kShortNs = 5 * kMs, kLongNs = 50 * kMs;
constexpr int kMaxLists = 16;  // where processes come faster than a list is made, some look soon will find none new

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

void Stragglers::LookAt(pid_t pid, const std::string& entry) {
  auto process = ProcessDirectory::Open(pid);
  if (!process.ok()) return;
  std::optional<std::string> environment = process->ReadIfAllowed("environ");
  if (environment.value_or("").empty() && !process->Lives()) {  // perhaps its main thread alone has ended
    process = ProcessDirectory::OpenByAnyThread(pid);
    if (!process.ok()) return;
    environment = process->ReadIfAllowed("environ");
  }
  if (!environment.has_value()) return;
  if (environment->empty()) {
    if (process->IsKernelThread()) {
      no_descendants_.insert(pid);
    } else if (process->Lives() && !process->HasNoEnvironment()) {
      may_have_missed_ = true;  // it is being executed: has neither the former environment nor the next
    }
  } else if (absl::StrContains(*environment, entry) && !(except_fdtrace_ && RunsOurProgram(*process))) {
    seen_.push_back(pid);
  }
}

// A list of all processes in which none is new shows that nobody was missed: whoever lived when it was made was looked
// at while living, and whoever came later has a parent, or a parent's parent, that lived then.
void Stragglers::Look() {
  const std::string entry = absl::StrCat(kSessionVariable, "=", variable_);
  for (const pid_t pid : StartedByKernel()) no_descendants_.insert(pid);  // else each would be asked: most of /proc
  absl::flat_hash_set<pid_t> looked_at = no_descendants_;
  looked_at.insert({getpid(), except_});
  seen_.clear();
  may_have_missed_ = false;
  for (int list = 0; list < kMaxLists; ++list) {
    bool has_new = false;
    for (const pid_t pid : AllProcesses()) {
      if (!looked_at.insert(pid).second) continue;
      has_new = true;
      LookAt(pid, entry);
    }
    if (!has_new) return;
  }
  may_have_missed_ = true;
}

bool Stragglers::MayStillCome(int64_t now_ns) {
  if (first_look_ns_ == 0) first_look_ns_ = now_ns;
  if (now_ns >= next_look_ns_) {
    Look();
    next_look_ns_ = now_ns + (now_ns - first_look_ns_ < kOftenNs ? kShortNs : kLongNs);
  }
  return may_still_come();
}

}  // namespace fdtrace
