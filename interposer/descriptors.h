// Which lifetime each descriptor of the calling process is: its table, or in a vfork child the parent's with the
// child's changes over it. Lock-free; safe in signal handlers, after fork and in a vfork child.
#pragma once

#include <cstdint>

#include "interposer/descriptor_table.h"

namespace fdtrace {

// Stores the lifetime and returns the one found there: not 0 means a close that nobody saw.
uint64_t PutDescriptor(int fd, const DescriptorOrigin& origin);

// Adds the stack that began it.
void SetDescriptorStack(int fd, uint64_t id, uint64_t stack);

// Empties the slot and returns what it held; id 0 for a descriptor whose making was not seen.
DescriptorOrigin TakeDescriptor(int fd);

DescriptorOrigin OriginOf(int fd);
inline uint64_t LifetimeOf(int fd) { return OriginOf(fd).id; }

// The smallest fd >= first whose lifetime is known; UINT32_MAX when there is none.
uint32_t NextDescriptor(uint32_t first);

// Calls visit(fd) for every known one in [first, last], in order.
template <typename Visit>
void VisitDescriptors(uint32_t first, uint32_t last, Visit visit) {
  for (uint32_t fd = NextDescriptor(first); fd <= last && fd != UINT32_MAX; fd = NextDescriptor(fd + 1)) {
    visit(static_cast<int>(fd));
  }
}

// A vfork child has forked, and this is its child, whose memory is its own: the changes become its table.
void KeepVforkChanges();

}  // namespace fdtrace
