// CLOCK_MONOTONIC, the clock of events.
#pragma once

#include <time.h>

#include <cstdint>

namespace fdtrace {

inline int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace fdtrace
