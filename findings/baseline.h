// What an earlier report found, by fingerprint: so much is allowed, more is new. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "proto/report.pb.h"

namespace fdtrace {

// How many an earlier report had of one fingerprint, in all and by the lines of their stacks.
struct KnownFindings {
  uint32_t count = 0;
  std::map<std::string, uint32_t> by_lines;
};

class Baseline {
 public:
  Baseline() = default;
  explicit Baseline(Report report);

  // Sets `baseline` and `allowed` of each finding, whose count, suppressed and too_young stand. What stands on the same
  // lines as in the earlier report is allowed first: so a leak that is new in a function is told from those that it
  // had.
  void Allow(Report& report) const;

 private:
  absl::flat_hash_map<std::string, KnownFindings> known_;  // by fingerprint
};

}  // namespace fdtrace
