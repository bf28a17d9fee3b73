// How often, or with how many bytes, each place in the code had a part in something. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "collector/sites.h"
#include "proto/trace.pb.h"

namespace fdtrace {

class PlaceCounts {
 public:
  void Add(uint32_t place, uint64_t count = 1);
  void Add(const PlaceCounts& others);
  void Remove(uint32_t place, uint64_t count = 1);

  const std::vector<std::pair<uint32_t, uint64_t>>& all() const { return counts_; }
  bool empty() const { return counts_.empty(); }
  uint32_t first() const { return counts_.empty() ? 0 : counts_.front().first; }  // that is counted longest; 0: none

  // Places that are known, the largest first. Some may have been joined since they were counted.
  std::vector<TracePlace> ToTrace(const Sites& sites, size_t limit = SIZE_MAX) const;

 private:
  std::vector<std::pair<uint32_t, uint64_t>> counts_;  // few
};

}  // namespace fdtrace
