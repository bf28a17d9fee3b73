// What a process has open, counted by the code that opened it. Pure.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"

namespace fdtrace {

// all == the sum over places; place 0: opened by no call that was seen, or before the program started, or one of 0-2.
struct OpenCounts {
  uint64_t all = 0;
  uint64_t beyond = 0;  // of all: numbers that the limit does not allow any more
  absl::flat_hash_map<uint32_t, uint64_t> by_place;
};

}  // namespace fdtrace
