#include "interposer/stack_memory.h"

#include "interposer/readable_address.h"
#include "interposer/seccomp_calls.h"
#include "proto/session.h"

extern "C" __attribute__((weak)) void* __libc_stack_end;  // absent from other libcs

namespace fdtrace {
namespace {

bool IsMemory(uintptr_t page) {
  return !MayCall(OurCall::kTestAddress) || IsReadable(reinterpret_cast<const void*>(page));
}

// As pthread_create and the kernel made it: it lasts as long as the thread. What of it lies further from its top counts
// as the program's own, too.
bool IsThreadsOwn(uintptr_t here) {
  constexpr uintptr_t kNearTop = uintptr_t{256} * 1024;
  const auto top_of_thread = reinterpret_cast<uintptr_t>(__builtin_thread_pointer());
  const auto top_of_first = &__libc_stack_end == nullptr ? 0 : reinterpret_cast<uintptr_t>(__libc_stack_end);
  return top_of_thread - here < kNearTop || top_of_first - here < kNearTop;
}

}  // namespace

void StackMemory::BeginAt(uintptr_t here) {
  if (!IsThreadsOwn(here)) start_ = end_ = 0;
}

// What no more than large frames are between belongs to the stack that is known. All else is of another one, and is
// known alone from then on.
bool StackMemory::Learn(uintptr_t from, uintptr_t to) {
  constexpr uintptr_t kLargestGap = 32 * kPageBytes;
  constexpr uintptr_t kBeyondPrograms = UINTPTR_MAX / 2;  // and what is added to an address does not wrap
  if (from < kPageBytes || to <= from || to > kBeyondPrograms) return false;
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
