// Whether a process that is about to exit has to wait until the collector has looked at what it holds. Most short ones
// need not: they hold what they were given and no more, and told of nothing whose end only /proc shows.
//
//  - Asks the kernel in the process itself: what each number it was given is open on, and how many are open at all.
//  - Errs on the side of looking: wherever something cannot be asked, or is not as it was told, the look is needed.
//  - Safe in signal handlers. After fork a process knows of nothing that it was given, and is looked at.
#pragma once

#include <atomic>
#include <cstdint>

#include "interposer/file_facts.h"
#include "proto/session.h"

namespace fdtrace {

class LastLook {
 public:
  // The image has just started with these numbers, by their bits, open; none: it is always to be looked at.
  void Begin(uint64_t given);

  // A call that was told of has closed what was given at this number, or at those from first to last.
  void Closed(int fd) { Closed(static_cast<uint32_t>(fd), static_cast<uint32_t>(fd)); }
  void Closed(uint32_t first, uint32_t last);

  // Something was told that only a look can complete, or something could not be told.
  void Want() { wanted_.store(true, std::memory_order_relaxed); }

  bool IsNeeded() const;

 private:
  std::atomic<uint64_t> open_;
  std::atomic<bool> wanted_;
  uint64_t began_ns_;
  FileIdentity given_[kMostGiven];
};

}  // namespace fdtrace
