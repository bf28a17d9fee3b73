// Counts of a trace in the 32 bits that a report has for them: JSON shows those as numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace fdtrace {

inline uint32_t Count(uint64_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

}  // namespace fdtrace
