#include "collector/timeline.h"

#include <algorithm>
#include <limits>

namespace fdtrace {

void Timeline::Change(uint64_t at_ns, int64_t more) {
  open_ += more;
  most_.Set(at_ns, static_cast<uint64_t>(std::clamp<int64_t>(open_, 0, std::numeric_limits<uint32_t>::max())));
}

TraceTimeline Timeline::ToTrace(uint64_t end_ns) const {
  MaximumOverTime whole = most_;
  whole.AdvanceTo(end_ns);
  TraceTimeline trace;
  trace.set_window_ns(whole.window_ns());
  for (const uint64_t most : whole.most()) trace.add_open(static_cast<uint32_t>(most));
  return trace;
}

}  // namespace fdtrace
