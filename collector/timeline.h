// The most descriptors open at once, over time. Pure.
#pragma once

#include <cstdint>

#include "collector/maximum_over_time.h"
#include "proto/trace.pb.h"

namespace fdtrace {

class Timeline {
 public:
  // `more` descriptors are open from `at_ns` on (fewer, when negative).
  void Change(uint64_t at_ns, int64_t more);

  // The windows up to `end_ns`, the end of recording.
  TraceTimeline ToTrace(uint64_t end_ns) const;

  uint64_t latest_ns() const { return most_.latest_ns(); }

 private:
  int64_t open_ = 0;
  MaximumOverTime most_;
};

}  // namespace fdtrace
