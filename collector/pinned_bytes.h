// How many bytes files without a name held of one file system, over time, and by whose doing when they were most. Pure.
#pragma once

#include <cstdint>

#include "collector/maximum_over_time.h"
#include "collector/place_counts.h"

namespace fdtrace {

class PinnedBytes {
 public:
  static constexpr size_t kPeakPlaces = 10;

  // `bytes` that a file holds, opened by the code at `place`: they come, or go.
  void Add(uint64_t at_ns, uint32_t place, uint64_t bytes);
  void Remove(uint64_t at_ns, uint32_t place, uint64_t bytes);

  uint64_t peak() const { return peak_; }
  // All but the device and where it is mounted. The windows up to `end_ns`, the end of recording.
  TraceFilesystem ToTrace(const Sites& sites, uint64_t end_ns) const;

 private:
  const PlaceCounts& AtPeak() const { return is_at_peak_ ? now_ : at_peak_; }

  uint64_t bytes_ = 0;
  PlaceCounts now_;
  MaximumOverTime most_;
  uint64_t peak_ = 0;
  uint64_t peak_ns_ = 0;
  bool is_at_peak_ = false;  // then `now_` tells who is; it is copied when bytes go
  PlaceCounts at_peak_;
};

}  // namespace fdtrace
