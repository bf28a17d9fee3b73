// The processes whose lives keep a recording going: the program, or those that a recording without one was told of.
#pragma once

#include <cstdint>
#include <vector>

#include "collector/procfs.h"

namespace fdtrace {

class Keepers {
 public:
  // The end of each makes EPOLL tell ABOUT, until JustEnded has seen it.
  Keepers(int epoll, uint64_t about) : epoll_(epoll), about_(about) {}

  // KEEPER must outlive us.
  void Watch(const ProcessWatch& keeper);

  // True once: when the last of them has ended since this was asked before. Never if there was none.
  bool JustEnded();
  // When that was, by CLOCK_MONOTONIC; 0: not yet.
  int64_t ended_ns() const { return ended_ns_; }

  // The kernel or a limit denied us a descriptor: JustEnded must be asked every now and then.
  bool must_be_polled() const;

 private:
  const int epoll_;
  const uint64_t about_;
  std::vector<const ProcessWatch*> living_;
  int64_t ended_ns_ = 0;
};

}  // namespace fdtrace
