// Numbers of a trace in the types that a report has for them: counts fit 32 bits, so that JSON shows them as numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace fdtrace {

inline uint32_t Count(uint64_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

// A time or a number of bytes as a report has it.
inline int64_t Signed(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()));
}

}  // namespace fdtrace
