#include "interposer/readable_memory.h"

#include <algorithm>

#include "interposer/readable_address.h"
#include "proto/session.h"

namespace fdtrace {

bool ReadableMemory::IsKnown(uintptr_t page) {
  uintptr_t& known = pages_[page % kPages];
  if (known == page) [[likely]]
    return true;
  if (!IsReadable(reinterpret_cast<const void*>(page * kPageBytes))) return false;
  known = page;
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

void ReadableMemory::Forget() { std::fill(std::begin(pages_), std::end(pages_), 0); }

}  // namespace fdtrace
