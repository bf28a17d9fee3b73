// A short sleep, by futex: whoever may use locks may do that, while a sandbox made with one libc often forbids the
// sleeping call of another. Safe in signal handlers and after fork.
#pragma once

#include <linux/futex.h>
#include <time.h>

#include <cstdint>

#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"

namespace fdtrace {

// False at once where a filter forbids it: then whatever is waited for must be done without.
inline bool Nap(const timespec& length) {
  if (!MayCall(OurCall::kFutex)) return false;
  const uint32_t word = 0;
  RawSyscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, reinterpret_cast<long>(&length));
  return true;
}

}  // namespace fdtrace
