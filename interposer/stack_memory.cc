#include "interposer/stack_memory.h"

#include "interposer/readable_address.h"
#include "interposer/seccomp_calls.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

bool IsMemory(uintptr_t page) {
  return !MayCall(OurCall::kTestAddress) || IsReadable(reinterpret_cast<const void*>(page));
}

}  // namespace

// What is not next to what is known is of another stack, and is known alone from then on.
bool StackMemory::Learn(uintptr_t address) {
  const uintptr_t last = address + sizeof(uintptr_t) - 1;
  if (address < kPageBytes || last < address) return false;
  return Covers(address, last + 1);
}

bool StackMemory::Covers(uintptr_t from, uintptr_t to) {
  const uintptr_t first = from & ~(kPageBytes - 1);
  const uintptr_t last = (to - 1) & ~(kPageBytes - 1);
  if (first > end_ || last + kPageBytes < start_) start_ = end_ = 0;
  for (uintptr_t page = first; page <= last; page += kPageBytes) {
    if (page >= start_ && page < end_) continue;
    if (!IsMemory(page)) return false;
    if (end_ == 0) {
      start_ = page;
      end_ = page + kPageBytes;
    } else if (page == end_) {
      end_ += kPageBytes;
    } else if (page + kPageBytes == start_) {
      start_ = page;
    }
  }
  return true;
}

}  // namespace fdtrace
