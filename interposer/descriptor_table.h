// What the process holds at each descriptor number: the lifetime there and the call that began it, in private memory,
// so that fork copies it by itself. Lock-free; safe in signal handlers and after fork. A vfork child, which runs in its
// parent's memory, must not change it: descriptors.h is what the hooks go by.
//
// Order is everything: Take before the real close (the number can be reused the instant it is closed), Put after the
// real open. Then a number's slot is only ever touched by the thread that holds the number.
#pragma once

#include <cstdint>

#include "interposer/rows.h"

namespace fdtrace {

// A lifetime and the call that began it.
struct DescriptorOrigin {
  uint64_t id = 0;        // 0: none, or its making was not seen
  Row row = {};           // of the table
  uint64_t stack = 0;     // 0: none was taken (yet)
  bool has_file = false;  // its event told of a file's state, and so will that of its close
};

namespace descriptor_table {

// Stores the lifetime and returns the one found there: not 0 means a close that nobody saw.
uint64_t Put(int fd, const DescriptorOrigin& origin);

// Adds the stack, if the lifetime is still there.
void SetStack(int fd, uint64_t id, uint64_t stack);

// Empties the slot and returns what it held; id 0 for a descriptor whose making was not seen.
DescriptorOrigin Take(int fd);

// What the slot holds.
DescriptorOrigin Get(int fd);

// The smallest fd >= first with a filled slot; UINT32_MAX when there is none.
uint32_t NextFilled(uint32_t first);

}  // namespace descriptor_table
}  // namespace fdtrace
