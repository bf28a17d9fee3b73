// The most that something came to, over time, in at most kWindows windows that double in length as time goes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fdtrace {

class MaximumOverTime {
 public:
  static constexpr size_t kWindows = 512;
  static constexpr uint64_t kFirstWindowNs = 1'000'000;

  // It is `value` from `at_ns` on. A time before the latest one counts as the latest: what was in windows gone by is no
  // longer known.
  void Set(uint64_t at_ns, uint64_t value);
  // It is unchanged until then.
  void AdvanceTo(uint64_t at_ns);

  uint64_t latest_ns() const { return latest_ns_; }
  uint64_t window_ns() const { return window_ns_; }
  const std::vector<uint64_t>& most() const { return most_; }  // of each window up to the latest time's

 private:
  uint64_t window_ns_ = kFirstWindowNs;
  uint64_t latest_ns_ = 0;
  uint64_t value_ = 0;
  std::vector<uint64_t> most_ = {0};
};

}  // namespace fdtrace
