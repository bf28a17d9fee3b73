#include "interposer/readable_memory.h"

#include "interposer/readable_address.h"
#include "proto/session.h"

namespace fdtrace {

bool ReadableMemory::Counts(uintptr_t entry, uintptr_t page) const {
  return on_new_way_ ? entry == page * kPageBytes + ways_ : entry / kPageBytes == page;
}

bool ReadableMemory::IsKnown(uintptr_t page) {
  // Mixed: what lies in one arena of the program's heap, or in another one, has like numbers.
  uintptr_t* const set = pages_[page * 0x9e3779b97f4a7c15u >> (64 - kSetBits)];
  if (Counts(set[0], page) || Counts(set[1], page)) [[likely]]
    return true;
  if (!IsReadable(reinterpret_cast<const void*>(page * kPageBytes))) return false;
  if (set[0] / kPageBytes != page) set[1] = set[0];
  set[0] = page * kPageBytes + ways_;
  return true;
}

bool ReadableMemory::Covers(uintptr_t at, size_t bytes) {
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
