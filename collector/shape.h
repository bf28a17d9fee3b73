// How many descriptors a site held over its own operations, in at most kWindows windows of equal numbers of operations:
// exact at first, coarser as the operations grow, and never larger. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/trace.pb.h"

namespace fdtrace {

class Shape {
 public:
  static constexpr size_t kWindows = 64;

  // `count` operations, after each of which `open` descriptors were open. A window tells the latest `now_ns` of its
  // own, in whatever order they come.
  void Add(uint32_t open, uint64_t now_ns, uint64_t count = 1);

  uint64_t operations() const;
  TraceShape ToTrace() const;

 private:
  void HalveWindows();

  struct Window {
    uint64_t ended_ns = 0;
    uint32_t low = 0;
    uint32_t high = 0;
  };

  uint64_t per_window_ = 1;
  uint64_t in_last_ = 0;  // operations in the last window; every other one is full
  std::vector<Window> windows_;
};

}  // namespace fdtrace
