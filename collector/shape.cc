#include "collector/shape.h"

#include <algorithm>

namespace fdtrace {

void Shape::Add(uint32_t open, uint64_t now_ns, uint64_t count) {
  while (count > 0) {
    if (low_.empty() || in_last_ == per_window_) {
      if (low_.size() == kWindows) HalveWindows();
      low_.push_back(open);
      high_.push_back(open);
      ended_ns_.push_back(now_ns);
      in_last_ = 0;
    }
    low_.back() = std::min(low_.back(), open);
    high_.back() = std::max(high_.back(), open);
    ended_ns_.back() = std::max(ended_ns_.back(), now_ns);
    const uint64_t taken = std::min(count, per_window_ - in_last_);
    in_last_ += taken;
    count -= taken;
  }
}

// Only called when all windows are full, so that the halves stay equal.
void Shape::HalveWindows() {
  static_assert(kWindows % 2 == 0);
  for (size_t i = 0; i < kWindows / 2; ++i) {
    low_[i] = std::min(low_[2 * i], low_[2 * i + 1]);
    high_[i] = std::max(high_[2 * i], high_[2 * i + 1]);
    ended_ns_[i] = std::max(ended_ns_[2 * i], ended_ns_[2 * i + 1]);
  }
  low_.resize(kWindows / 2);
  high_.resize(kWindows / 2);
  ended_ns_.resize(kWindows / 2);
  per_window_ *= 2;
}

uint64_t Shape::operations() const { return low_.empty() ? 0 : (low_.size() - 1) * per_window_ + in_last_; }

TraceShape Shape::ToTrace() const {
  TraceShape trace;
  trace.set_operations_per_window(per_window_);
  trace.mutable_low()->Add(low_.begin(), low_.end());
  trace.mutable_high()->Add(high_.begin(), high_.end());
  trace.mutable_ended_ns()->Add(ended_ns_.begin(), ended_ns_.end());
  return trace;
}

}  // namespace fdtrace
