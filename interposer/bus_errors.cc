// A full file system tells who writes to it through a mapping by SIGBUS, and a program that does not expect that ends
// there. For the sake of its last stack, a program that maps a file so gets a handler of ours, if it has none itself.
//
//  - The handler goes before it runs (SA_RESETHAND): what it leaves is a program without one, that ends by the same
//    signal at the same instruction, with the same core.
//  - The program does not see it: whenever it asks or tells what is to be done about SIGBUS, the handler is taken away
//    before and put back after, if there is none then.
//  - It does not run on a stack of the program's for signals: such stacks are small, and this signal comes from no
//    overflow of the other.
//  - exec takes it away, as the kernel does with any handler; a thread that has the signal blocked dies without it.
#include <signal.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "interposer/failures.h"
#include "interposer/interposed_functions.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/seccomp_calls.h"
#include "interposer/shared_mappings.h"
#include "interposer/undeclared.h"

namespace fdtrace {
namespace {

#define REAL(name) Real<decltype(::name)>(Row::name)

// Sends it once more, now that no handler is there: it is delivered when this one returns.
void SendAgain(siginfo_t* info) {
  RawSyscall(SYS_rt_tgsigqueueinfo, RawSyscall(SYS_getpid), RawSyscall(SYS_gettid), SIGBUS,
             reinterpret_cast<long>(info));
}

void OnBusError(int, siginfo_t* info, void*) {
  const bool comes_again = info->si_code == BUS_ADRERR || info->si_code == BUS_ADRALN || info->si_code == BUS_MCEERR_AR;
  if (!comes_again) return SendAgain(info);
  if (info->si_code == BUS_ADRERR) RecordBusError(info->si_addr);
}

bool IsDefault(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}
bool IsOurs(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == OnBusError;
}

void Watch() {
  struct sigaction now = {};
  if (REAL(sigaction)(SIGBUS, nullptr, &now) != 0 || !IsDefault(now)) return;
  struct sigaction ours = {};
  ours.sa_sigaction = OnBusError;
  ours.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND);
  REAL(sigaction)(SIGBUS, &ours, nullptr);
}

// True: the handler was there, and is not any more. By the kernel's own call: libc's leaves a flag that can be seen.
bool Unwatch() {
  struct sigaction now = {};
  if (REAL(sigaction)(SIGBUS, nullptr, &now) != 0 || !IsOurs(now)) return false;
  constexpr long kMaskBytes = 8;
  const uint64_t none[4] = {};  // SIG_DFL, without flags, restorer and mask
  return !Failed(RawSyscall(SYS_rt_sigaction, SIGBUS, reinterpret_cast<long>(none), 0L, kMaskBytes));
}

template <typename Call>
auto Disposed(int signal, Call call) {
  if (signal != SIGBUS || !HasSharedMappings() || !MayCall(OurCall::kBusHandler)) return call();
  const int before = errno;
  const bool was_watched = Unwatch();
  errno = before;
  const auto result = call();
  const int after = errno;
  if (was_watched) Watch();
  errno = after;
  return result;
}

void* EarlyMap(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return reinterpret_cast<void*>(
      OrErrno(RawSyscall(SYS_mmap, at, static_cast<long>(bytes), protection, flags, fd, offset)));
}

void* Mapped(Row row, void* result, size_t bytes, int protection, int flags, int fd) {
  if (result == MAP_FAILED) [[unlikely]] {
    RecordFailure(row, errno, Given::Used(fd));
    return result;
  }
  const bool is_shared = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
  if (!is_shared || (protection & PROT_WRITE) == 0 || !MayCall(OurCall::kBusHandler)) return result;
  const int before = errno;
  NoteSharedMapping(result, bytes, fd);
  if (HasSharedMappings() && !InVforkChild()) Watch();
  errno = before;
  return result;
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define MAPS(name, offset_type)                                                                                       \
  FDTRACE_EXPORT void* name(void* at, size_t bytes, int protection, int flags, int fd, offset_type offset) noexcept { \
    if (!IsResolved(Row::name)) [[unlikely]]                                                                          \
      return EarlyMap(at, bytes, protection, flags, fd, offset);                                                      \
    void* const mapped = REAL(name)(at, bytes, protection, flags, fd, offset);                                        \
    return fd < 0 ? mapped : Mapped(Row::name, mapped, bytes, protection, flags, fd);                                 \
  }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)

FDTRACE_EXPORT int sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept {
  return Disposed(signal, [&] { return REAL(sigaction)(signal, action, before); });
}
FDTRACE_EXPORT int __sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept {
  return Disposed(signal, [&] { return REAL(__sigaction)(signal, action, before); });
}

#define SETS_HANDLER(name)                                                                         \
  FDTRACE_EXPORT sighandler_t name(int signal, sighandler_t handler) noexcept {                    \
    return Disposed(signal, [&] { return Real<decltype(::signal)>(Row::name)(signal, handler); }); \
  }
SETS_HANDLER(signal)
SETS_HANDLER(bsd_signal)
SETS_HANDLER(ssignal)
SETS_HANDLER(sysv_signal)
SETS_HANDLER(__sysv_signal)
SETS_HANDLER(sigset)

FDTRACE_EXPORT int sigignore(int signal) noexcept {
  return Disposed(signal, [&] { return Real<int(int)>(Row::sigignore)(signal); });
}
