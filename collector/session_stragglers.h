// Descendants of the program that have not said hello yet, once the program itself has ended: a child between fork and
// its first event, or between exec and its library's constructor.
//
//  - They are known by the session's variable, which their environment in /proc holds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace fdtrace {

class Stragglers {
 public:
  // Processes other than EXCEPT whose environment has VARIABLE's value; none that runs fdtrace if EXCEPT_FDTRACE.
  Stragglers(std::string variable, pid_t except, bool except_fdtrace = false)
      : variable_(std::move(variable)), except_(except), except_fdtrace_(except_fdtrace) {}

  // Looks again, if it is time to. True while there is someone to wait for, or may be: a process between two programs
  // does not show its environment, and processes may come faster than they are looked at.
  bool MayStillCome(int64_t now_ns);
  int64_t next_look_ns() const { return next_look_ns_; }

  // As last seen.
  bool may_still_come() const { return may_have_missed_ || !seen_.empty(); }
  const std::vector<pid_t>& seen() const { return seen_; }

 private:
  void Look();
  void LookAt(pid_t pid, const std::string& entry);

  std::string variable_;
  pid_t except_;
  bool except_fdtrace_;
  std::vector<pid_t> seen_;
  absl::flat_hash_set<pid_t> no_descendants_;
  bool may_have_missed_ = true;  // until the first look
  int64_t first_look_ns_ = 0, next_look_ns_ = 0;
};

}  // namespace fdtrace
