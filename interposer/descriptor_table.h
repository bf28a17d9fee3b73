// Which lifetime holds each descriptor number: fd -> lifetime id, in private memory, so that fork copies it by itself.
// Lock-free; safe in signal handlers and after fork. A vfork child must not call it: it runs in its parent's memory.
//
// Order is everything: Take before the real close (the number can be reused the instant it is closed), Put after the
// real open. Then a number's slot is only ever touched by the thread that holds the number.
#pragma once

#include <cstdint>

namespace fdtrace {

// Stores the lifetime and returns the one found there: not 0 means a close that nobody saw.
uint64_t PutDescriptor(int fd, uint64_t id);

// Empties the slot and returns what it held; 0 for a descriptor whose making was not seen.
uint64_t TakeDescriptor(int fd);

// What the slot holds.
uint64_t LifetimeOf(int fd);

// Calls visit(fd) for every filled slot in [first, last], in order.
template <typename Visit>
void VisitDescriptors(uint32_t first, uint32_t last, Visit visit);

namespace internal {
// The smallest fd >= first with a filled slot; UINT32_MAX when there is none.
uint32_t NextFilled(uint32_t first);
}  // namespace internal

template <typename Visit>
void VisitDescriptors(uint32_t first, uint32_t last, Visit visit) {
  for (uint32_t fd = internal::NextFilled(first); fd <= last && fd != UINT32_MAX; fd = internal::NextFilled(fd + 1)) {
    visit(static_cast<int>(fd));
  }
}

}  // namespace fdtrace
