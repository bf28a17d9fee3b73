// A short sleep, by futex: whoever may use locks may do that, while a sandbox made with one libc often forbids the
// sleeping call of another. Safe in signal handlers and after fork.
#pragma once

#include <linux/futex.h>
#include <time.h>

#include <cstdint>

#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"

namespace fdtrace {

// Lets go of a processor that it cannot give away.
inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}

// False where a filter forbids it: then it has paused for some microseconds, and the caller must not wait for long.
inline bool Nap(const timespec& length) {
  constexpr int kPauses = 1000;
  const uint32_t word = 0;
  if (MayCall(OurCall::kFutex)) {
    RawSyscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, reinterpret_cast<long>(&length));
    return true;
  }
  for (int i = 0; i < kPauses; ++i) Pause();
  return false;
}

}  // namespace fdtrace
