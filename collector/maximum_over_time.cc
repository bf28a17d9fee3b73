#include "collector/maximum_over_time.h"

#include <algorithm>

namespace fdtrace {

void MaximumOverTime::Set(uint64_t at_ns, uint64_t value) {
  AdvanceTo(at_ns);
  value_ = value;
  most_.back() = std::max(most_.back(), value);
}

void MaximumOverTime::AdvanceTo(uint64_t at_ns) {
  latest_ns_ = std::max(latest_ns_, at_ns);
  while (latest_ns_ / window_ns_ >= kWindows) {
    for (size_t i = 0; 2 * i < most_.size(); ++i) {
      most_[i] = 2 * i + 1 < most_.size() ? std::max(most_[2 * i], most_[2 * i + 1]) : most_[2 * i];
    }
    most_.resize((most_.size() + 1) / 2);
    window_ns_ *= 2;
  }
  most_.resize(std::max<size_t>(most_.size(), latest_ns_ / window_ns_ + 1), value_);
}

}  // namespace fdtrace
