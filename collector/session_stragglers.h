// Descendants of the program that have not said hello yet, once the program itself has ended: a child between fork and
// its first event, or between exec and its library's constructor.
//
//  - They are known by the session's variable, which their environment in /proc holds.
//  - One that stays silent for kStragglerLimit is not waited for: it may be static, or never open anything.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fdtrace {

inline constexpr int64_t kStragglerLimitNs = 200'000'000;

// Processes other than EXCEPT whose environment has VARIABLE's value.
std::vector<pid_t> ProcessesWith(const std::string& variable, pid_t except);

class Stragglers {
 public:
  // Asked when nobody is left: true while there is someone to wait for.
  bool MayStillComeForward(const std::string& variable, pid_t root, int64_t now_ns);

 private:
  int64_t first_asked_ns_ = 0;
};

}  // namespace fdtrace
