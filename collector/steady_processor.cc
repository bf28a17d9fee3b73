#include "collector/steady_processor.h"

namespace fdtrace {

SteadyProcessor::SteadyProcessor()
    : has_choice_(sched_getaffinity(0, sizeof all_, &all_) == 0 && CPU_COUNT(&all_) > 1) {}

void SteadyProcessor::LetGo() {
  if (kept_) sched_setaffinity(0, sizeof all_, &all_);
  kept_ = false;
}

void SteadyProcessor::Keep(int64_t now_ns, bool sleeps) {
  if (!has_choice_) return;
  if (kept_) {
    if (now_ns - since_ns_ >= kSteadyNs) LetGo();
    return;
  }
  const int processor = sched_getcpu();
  if (!sleeps || processor < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  kept_ = sched_setaffinity(0, sizeof one, &one) == 0;
  since_ns_ = now_ns;
}

}  // namespace fdtrace
