// Keeps the calling thread on one processor for some time. Left to itself the kernel wakes it where the process runs
// that gave the reason, as if that were done; so that process soon runs elsewhere, where none of its memory is at hand.
//
//  - After kSteadyNs, or when the thread has been busy as long, the kernel may choose once more: the processor may have
//    got other work.
//  - Nothing is done where the thread has one processor anyway, or where the kernel does not allow it.
#pragma once

#include <sched.h>

#include <cstdint>

namespace fdtrace {

inline constexpr int64_t kSteadyNs = 100'000'000;

class SteadyProcessor {
 public:
  SteadyProcessor();
  ~SteadyProcessor() { LetGo(); }  // in the same thread
  SteadyProcessor(const SteadyProcessor&) = delete;
  SteadyProcessor& operator=(const SteadyProcessor&) = delete;

  // To be called now and then; SLEEPS: the thread is about to.
  void Keep(int64_t now_ns, bool sleeps);

 private:
  void LetGo();

  cpu_set_t all_ = {};
  bool has_choice_ = false;
  bool kept_ = false;
  int64_t since_ns_ = 0;
};

}  // namespace fdtrace
