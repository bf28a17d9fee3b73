#include "interposer/late_numbers.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "interposer/file_facts.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"

namespace fdtrace {
namespace {

constexpr int kLowest = 16;  // numbers are taken down to this one, then from the top again
constexpr int kTries = 32;

constinit std::atomic<int> g_next{0};  // 0: the highest
constinit std::atomic<bool> g_has_locks{false};

int End() {
  rlimit limit = {};
  if (Failed(RawSyscall(SYS_prlimit64, 0L, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit)))) return 0;
  return static_cast<int>(std::min<uint64_t>(limit.rlim_cur, FD_SETSIZE));
}

// The lowest free number from `first` on; -1 when there is none below `end`.
int CopyTo(int fd, int first, int end, bool close_on_exec) {
  const long copy = RawSyscall(SYS_fcntl, fd, close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, first);
  if (Failed(copy)) return -1;
  if (copy < end) return static_cast<int>(copy);
  RawSyscall(SYS_close, copy);
  return -1;
}

}  // namespace

int internal::MoveLate(int fd) {
  if (fd <= 2 || !MayCall(OurCall::kMove) || !MayCall(OurCall::kLimits)) return fd;
  if (g_has_locks.load(std::memory_order_relaxed) && RegularFile(fd)) return fd;
  const int end = End();
  const long flags = RawSyscall(SYS_fcntl, fd, F_GETFD);
  if (end <= kLowest || Failed(flags)) return fd;
  int next = g_next.load(std::memory_order_relaxed);
  for (int tries = 0; tries < kTries; ++tries) {
    if (next < kLowest || next >= end) next = end - 1;
    const int copy = CopyTo(fd, next, end, (flags & FD_CLOEXEC) != 0);
    --next;
    if (copy < 0) continue;
    g_next.store(next, std::memory_order_relaxed);
    RawSyscall(SYS_close, fd);
    return copy;
  }
  return fd;
}

void NoteLocks(int command) {
  if (command == F_SETLK || command == F_SETLKW) g_has_locks.store(true, std::memory_order_relaxed);
}

}  // namespace fdtrace
