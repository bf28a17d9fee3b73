#include "interposer/readable_memory.h"

#include "interposer/readable_address.h"

namespace fdtrace {

bool ReadableMemory::IsKnown(uintptr_t page) {
  if (HasAsked(page)) return true;
  if (!IsReadable(reinterpret_cast<const void*>(page * kPageBytes))) return false;
  uintptr_t(&set)[2] = pages_[SetOf(page)];
  if (set[0] / kPageBytes != page) set[1] = set[0];
  set[0] = page * kPageBytes + ways_;
  return true;
}

bool ReadableMemory::CoversAll(uintptr_t at, size_t bytes) {
  const uintptr_t last = at + bytes - 1;
  if (at < kPageBytes || last < at) return false;
  for (uintptr_t page = at / kPageBytes; page <= last / kPageBytes; ++page) {
    if (!IsKnown(page)) return false;
  }
  return true;
}

// The count begins again: what is known from then would be taken for new.
void ReadableMemory::BeginNewWay() {
  on_new_way_ = true;
  if (++ways_ < kPageBytes) return;
  for (uintptr_t(&set)[2] : pages_) set[0] = set[1] = 0;
  ways_ = 1;
}

}  // namespace fdtrace
