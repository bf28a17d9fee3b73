#include "interposer/readable_address.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

// Which complains of an rt_sigprocmask that it does not know.
constinit std::atomic<bool> g_under_valgrind{false};

}  // namespace

void KnowValgrind() { g_under_valgrind.store(true, std::memory_order_relaxed); }
bool IsUnderValgrind() { return g_under_valgrind.load(std::memory_order_relaxed); }

// rt_sigprocmask copies the set before it looks at `how`: EFAULT or EINVAL tells. Even tight sandboxes allow it; under
// one that does not every address is unreadable, and stacks through code without tables are short.
bool IsReadable(const void* address) {
  if (g_under_valgrind.load(std::memory_order_relaxed)) {
    unsigned char resident = 0;
    const auto page = reinterpret_cast<uintptr_t>(address) & ~(kPageBytes - 1);
    return !Failed(RawSyscall(SYS_mincore, static_cast<long>(page), 1, reinterpret_cast<long>(&resident)));
  }
  constexpr long kNoSuchHow = -1;
  constexpr long kSetBytes = 8;
  if (!MayCall(OurCall::kTestAddress)) return false;
  const auto word = reinterpret_cast<uintptr_t>(address) & ~uintptr_t{7};
  return RawSyscall(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(word), 0, kSetBytes) == -EINVAL;
}

}  // namespace fdtrace
