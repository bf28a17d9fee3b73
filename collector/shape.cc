#include "collector/shape.h"

#include <algorithm>

namespace fdtrace {

void Shape::Add(uint32_t open, uint64_t now_ns, uint64_t count) {
  while (count > 0) {
    if (windows_.empty() || in_last_ == per_window_) {
      if (windows_.size() == kWindows) HalveWindows();
      windows_.push_back({.ended_ns = now_ns, .low = open, .high = open});
      in_last_ = 0;
    }
    Window& last = windows_.back();
    last.low = std::min(last.low, open);
    last.high = std::max(last.high, open);
    last.ended_ns = std::max(last.ended_ns, now_ns);
    const uint64_t taken = std::min(count, per_window_ - in_last_);
    in_last_ += taken;
    count -= taken;
  }
}

// Only called when all windows are full, so that the halves stay equal.
void Shape::HalveWindows() {
  static_assert(kWindows % 2 == 0);
  for (size_t i = 0; i < kWindows / 2; ++i) {
    const Window& first = windows_[2 * i];
    const Window& second = windows_[2 * i + 1];
    windows_[i] = {.ended_ns = std::max(first.ended_ns, second.ended_ns),
                   .low = std::min(first.low, second.low),
                   .high = std::max(first.high, second.high)};
  }
  windows_.resize(kWindows / 2);
  per_window_ *= 2;
}

uint64_t Shape::operations() const { return windows_.empty() ? 0 : (windows_.size() - 1) * per_window_ + in_last_; }

TraceShape Shape::ToTrace() const {
  TraceShape trace;
  trace.set_operations_per_window(per_window_);
  for (const Window& window : windows_) {
    trace.add_low(window.low);
    trace.add_high(window.high);
    trace.add_ended_ns(window.ended_ns);
  }
  return trace;
}

}  // namespace fdtrace
