// The functions behind ours: the next definition of each name after this library, as the loader sees it.
//
// Resolved all at once by the constructor; a call that comes before it resolves its own. So dlsym, which takes the
// loader's lock, never runs in a signal handler or a forked child of a program that has started.
#pragma once

#include <atomic>

#include "interposer/rows.h"

namespace fdtrace {

void ResolveRealFunctions();

namespace internal {
extern constinit std::atomic<void*> real_functions[kRowCount];
void* ResolveNow(Row row);
}  // namespace internal

// False before the constructor has run: to resolve a name may take an allocator, which then must not call for it.
inline bool IsResolved(Row row) {
  return internal::real_functions[static_cast<size_t>(row)].load(std::memory_order_relaxed) != nullptr;
}

// Function is the declared type of the name, e.g. Real<decltype(::close)>(Row::close).
template <typename Function>
Function* Real(Row row) {
  void* found = internal::real_functions[static_cast<size_t>(row)].load(std::memory_order_relaxed);
  if (found == nullptr) [[unlikely]]
    found = internal::ResolveNow(row);
  return reinterpret_cast<Function*>(found);
}

}  // namespace fdtrace
