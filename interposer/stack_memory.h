// What a thread's stack is known to be: memory that can be read without a fault. The kernel is asked once about each
// page of it, from where we stand upward; on stacks that the program may unmap (coroutines'), in each walk anew.
#pragma once

#include <cstdint>

namespace fdtrace {

// All zero to begin with. Of one thread.
class StackMemory {
 public:
  // False: there is no memory at this address. An address sanitizer would object to what is read between variables.
  __attribute__((no_sanitize("address"))) bool Load(uintptr_t address, uintptr_t& word) {
    // Both differences wrap for what lies below.
    if (address - start_ > end_ - start_ - sizeof word || end_ == 0) [[unlikely]] {
      if (!Learn(address, address + sizeof word)) return false;
    }
    word = *reinterpret_cast<const Word*>(address);
    return true;
  }

  // Are the bytes from `from` to `to`, on the same stack, memory? Where the kernel may not be asked: yes.
  bool Covers(uintptr_t from, uintptr_t to) { return (from >= start_ && to <= end_ && end_ != 0) || Learn(from, to); }

  // A walk begins at this address, in the thread that calls.
  void BeginAt(uintptr_t here);

 private:
  using Word [[gnu::may_alias, gnu::aligned(1)]] = uintptr_t;

  bool Learn(uintptr_t from, uintptr_t to);
  bool ExtendTo(uintptr_t start, uintptr_t end);

  uintptr_t start_;  // of pages one after another that are memory, and of one stack
  uintptr_t end_;
};

}  // namespace fdtrace
