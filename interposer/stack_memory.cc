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

bool StackMemory::Learn(uintptr_t address) {
  const uintptr_t last = address + sizeof(uintptr_t) - 1;
  if (address < kPageBytes || last < address) return false;
  return Covers(address, last + 1);
}

// What no more than large frames are between belongs to the stack that is known. All else is of another one, and is
// known alone from then on.
bool StackMemory::Covers(uintptr_t from, uintptr_t to) {
  constexpr uintptr_t kLargestGap = 32 * kPageBytes;
  const uintptr_t first = from & ~(kPageBytes - 1);
  const uintptr_t end = (to + kPageBytes - 1) & ~(kPageBytes - 1);
  const bool is_near = end_ != 0 && first <= end_ + kLargestGap && start_ <= end + kLargestGap;
  if (is_near && ExtendTo(first, end)) return true;
  for (uintptr_t page = first; page < end; page += kPageBytes) {
    if (!IsMemory(page)) return false;
  }
  start_ = first;
  end_ = end;
  return true;
}

bool StackMemory::ExtendTo(uintptr_t start, uintptr_t end) {
  while (end_ < end && IsMemory(end_)) end_ += kPageBytes;
  while (start_ > start && IsMemory(start_ - kPageBytes)) start_ -= kPageBytes;
  return start_ <= start && end <= end_;
}

}  // namespace fdtrace
