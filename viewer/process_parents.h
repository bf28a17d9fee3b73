// Which process started which, as far as pids tell. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace fdtrace {

struct PidAndParent {
  uint32_t pid = 0;
  uint32_t parent_pid = 0;  // 0: not known
};

// Of PROCESSES, in the order they started, the index of each one's parent; kNoParent: none of them. Never a cycle,
// whatever the numbers say. Linear but for sorting.
inline constexpr int kNoParent = -1;
std::vector<int> ParentsOf(const std::vector<PidAndParent>& processes);

}  // namespace fdtrace
