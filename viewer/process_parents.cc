// Pids come round again, and a child may have said hello before its parent: the parent is the process with the right
// number that started last before the child, or else the next that started. What comes of damaged traces is cut.
#include "viewer/process_parents.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace fdtrace {
namespace {

void CutCycles(std::vector<int>& parents) {
  const auto size = static_cast<int>(parents.size());
  std::vector<int> walk(parents.size(), kNoParent);  // in which a process was met
  for (int start = 0; start < size; ++start) {
    int at = start;
    while (walk[at] == kNoParent) {
      walk[at] = start;
      if (parents[at] == kNoParent) break;
      if (walk[parents[at]] == start) {
        parents[at] = kNoParent;
        break;
      }
      at = parents[at];
    }
  }
}

}  // namespace

std::vector<int> ParentsOf(const std::vector<PidAndParent>& processes) {
  const auto size = static_cast<int>(processes.size());
  absl::flat_hash_map<uint32_t, std::vector<int>> of_pid;  // ascending
  for (int i = 0; i < size; ++i) of_pid[processes[i].pid].push_back(i);
  std::vector<int> parents(processes.size(), kNoParent);
  for (int child = 0; child < size; ++child) {
    const auto named = of_pid.find(processes[child].parent_pid);
    if (processes[child].parent_pid == 0 || named == of_pid.end()) continue;
    auto candidate = std::lower_bound(named->second.begin(), named->second.end(), child);
    if (candidate != named->second.begin()) {
      --candidate;
    } else if (*candidate == child) {
      ++candidate;  // its own parent, says a damaged trace
    }
    if (candidate != named->second.end()) parents[child] = *candidate;
  }
  CutCycles(parents);
  return parents;
}

}  // namespace fdtrace
