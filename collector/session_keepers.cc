#include "collector/session_keepers.h"

#include <sys/epoll.h>

#include <algorithm>

#include "collector/monotonic_clock.h"

namespace fdtrace {

void Keepers::Watch(const ProcessWatch& keeper) {
  living_.push_back(&keeper);
  if (keeper.fd() < 0) return;
  epoll_event interest = {.events = EPOLLIN, .data = {.u64 = about_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, keeper.fd(), &interest);
}

// The descriptor of a process that has ended stays readable, and would keep the collector awake.
bool Keepers::JustEnded() {
  if (living_.empty()) return false;
  std::erase_if(living_, [this](const ProcessWatch* keeper) {
    if (!keeper->Ended()) return false;
    if (keeper->fd() >= 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, keeper->fd(), nullptr);
    return true;
  });
  if (!living_.empty()) return false;
  ended_ns_ = MonotonicNs();
  return true;
}

bool Keepers::must_be_polled() const {
  return std::any_of(living_.begin(), living_.end(), [](const ProcessWatch* keeper) { return keeper->fd() < 0; });
}

}  // namespace fdtrace
