#include "collector/pinned_bytes.h"

#include <algorithm>

namespace fdtrace {

void PinnedBytes::Add(uint64_t at_ns, uint32_t place, uint64_t bytes) {
  if (bytes == 0) return;
  bytes_ += bytes;
  now_.Add(place, bytes);
  most_.Set(at_ns, bytes_);
  if (bytes_ <= peak_) return;
  peak_ = bytes_;
  peak_ns_ = most_.latest_ns();
  is_at_peak_ = true;
}

void PinnedBytes::Remove(uint64_t at_ns, uint32_t place, uint64_t bytes) {
  if (bytes == 0) return;
  if (is_at_peak_) at_peak_ = now_;
  is_at_peak_ = false;
  bytes_ -= std::min(bytes, bytes_);
  now_.Remove(place, bytes);
  most_.Set(at_ns, bytes_);
}

TraceFilesystem PinnedBytes::ToTrace(const Sites& sites, uint64_t end_ns) const {
  MaximumOverTime whole = most_;
  whole.AdvanceTo(end_ns);
  TraceFilesystem trace;
  trace.set_window_ns(whole.window_ns());
  trace.mutable_pinned_bytes()->Add(whole.most().begin(), whole.most().end());
  trace.set_peak_bytes(peak_);
  trace.set_peak_ns(peak_ns_);
  for (TracePlace& place : AtPeak().ToTrace(sites, kPeakPlaces)) *trace.add_peak_opened_at() = std::move(place);
  return trace;
}

}  // namespace fdtrace
