// The most descriptors open at once, over time, in at most kWindows windows that double in length as time goes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/trace.pb.h"

namespace fdtrace {

class Timeline {
 public:
  static constexpr size_t kWindows = 512;
  static constexpr uint64_t kFirstWindowNs = 1'000'000;

  // `more` descriptors are open from `at_ns` on (fewer, when negative). A time before the latest one counts as the
  // latest: what was open in windows gone by is no longer known.
  void Change(uint64_t at_ns, int64_t more);

  // The windows up to `end_ns`, the end of recording.
  TraceTimeline ToTrace(uint64_t end_ns) const;

  uint64_t latest_ns() const { return latest_ns_; }

 private:
  void AdvanceTo(uint64_t at_ns);

  uint64_t window_ns_ = kFirstWindowNs;
  uint64_t latest_ns_ = 0;
  int64_t open_ = 0;
  std::vector<uint32_t> most_ = {0};  // the last window is the latest time's
};

}  // namespace fdtrace
