// What libunwind gets instead of the functions that would touch the program: see unwinder_guard.cc.
// Safe in signal handlers and after fork.
#pragma once

#include <link.h>

#include <cstddef>

#include "interposer/seccomp_calls.h"

namespace fdtrace {

// The function that libunwind is to call by this name: one of the guard's, or libc's own; null to leave it as it is.
void* GuardedImport(const link_map& unwinder, const char* name);

// The program runs under valgrind, which would complain of how addresses are tested elsewhere. At start only.
void KnowValgrind();
bool IsUnderValgrind();

// Is there memory at this address? False as well where a seccomp filter forbids to ask.
bool IsReadable(const void* address);

// Memory for libunwind's own tables, before a seccomp filter forbids to ask for any.
void ReserveForUnwinder();

// May libunwind mask signals and wait for its locks?
inline bool UnwinderMayLock() { return (ForbiddenCalls() & (Bit(OurCall::kMaskSignals) | Bit(OurCall::kFutex))) == 0; }

namespace internal {
size_t UnwindWithoutLocking(size_t (*unwind)(const void*), const void* closure);
}  // namespace internal

// What `unwind` returns, or 0 where libunwind would have had to wait for a lock and may not.
template <typename Unwind>
size_t UnwindWithoutLocking(const Unwind& unwind) {
  return internal::UnwindWithoutLocking(
      [](const void* closure) -> size_t { return (*static_cast<const Unwind*>(closure))(); }, &unwind);
}

}  // namespace fdtrace
