#include "collector/timeline.h"

#include <algorithm>
#include <limits>

namespace fdtrace {
namespace {

uint32_t Count(int64_t open) {
  return static_cast<uint32_t>(std::clamp<int64_t>(open, 0, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

void Timeline::Change(uint64_t at_ns, int64_t more) {
  AdvanceTo(at_ns);
  open_ += more;
  most_.back() = std::max(most_.back(), Count(open_));
}

void Timeline::AdvanceTo(uint64_t at_ns) {
  latest_ns_ = std::max(latest_ns_, at_ns);
  while (latest_ns_ / window_ns_ >= kWindows) {
    for (size_t i = 0; 2 * i < most_.size(); ++i) {
      most_[i] = 2 * i + 1 < most_.size() ? std::max(most_[2 * i], most_[2 * i + 1]) : most_[2 * i];
    }
    most_.resize((most_.size() + 1) / 2);
    window_ns_ *= 2;
  }
  most_.resize(std::max<size_t>(most_.size(), latest_ns_ / window_ns_ + 1), Count(open_));
}

TraceTimeline Timeline::ToTrace(uint64_t end_ns) const {
  Timeline whole = *this;
  whole.AdvanceTo(end_ns);
  TraceTimeline trace;
  trace.set_window_ns(whole.window_ns_);
  trace.mutable_open()->Add(whole.most_.begin(), whole.most_.end());
  return trace;
}

}  // namespace fdtrace
