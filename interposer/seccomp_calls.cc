#include "interposer/seccomp_calls.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <climits>

#include "interposer/seccomp_filter.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

struct Shape {
  OurCall purpose;
  int number;
  uint64_t arguments[6];
};

constexpr uint64_t kReadWrite = PROT_READ | PROT_WRITE;
constexpr uint64_t kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr uint64_t kNoFile = static_cast<uint64_t>(-1);
constexpr uint64_t kFd = 3;  // any of ours: what a filter says of one number, it will say of others
constexpr uint64_t kHere = static_cast<uint64_t>(AT_FDCWD);
constexpr uint64_t kMask = 8;

}  // namespace

uint32_t ForbiddenBy(std::span<const sock_filter> program, uint32_t pid) {
  const char here = 0;
  const auto pointer = reinterpret_cast<uintptr_t>(&here);
  // Every call that we make.
  const Shape shapes[] = {
      {OurCall::kHello, SYS_socket, {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC}},
      {OurCall::kHello, SYS_fcntl, {kFd, F_DUPFD_CLOEXEC, 0}},
      {OurCall::kHello, SYS_mmap, {0, sizeof(Arena), PROT_NONE, kPrivate | MAP_NORESERVE, kNoFile}},
      {OurCall::kHello, SYS_munmap, {pointer, sizeof(Arena)}},
      {OurCall::kHello, SYS_setsockopt, {kFd, SOL_SOCKET, SO_SNDTIMEO, pointer, sizeof(timeval)}},
      {OurCall::kHello, SYS_setsockopt, {kFd, SOL_SOCKET, SO_RCVTIMEO, pointer, sizeof(timeval)}},
      {OurCall::kHello, SYS_connect, {kFd, pointer, sizeof(sockaddr)}},
      {OurCall::kHello, SYS_gettid, {}},
      {OurCall::kHello, SYS_getpid, {}},
      {OurCall::kHello, SYS_sendto, {kFd, pointer, sizeof(Hello), MSG_NOSIGNAL}},
      {OurCall::kHello, SYS_recvmsg, {kFd, pointer, MSG_CMSG_CLOEXEC}},
      {OurCall::kHello, SYS_mmap, {0, sizeof(Arena), kReadWrite, MAP_SHARED, kFd}},
      {OurCall::kHello, SYS_madvise, {pointer, sizeof(Arena), MADV_DONTFORK}},
      {OurCall::kHello, SYS_madvise, {pointer, sizeof(Arena), MADV_DONTDUMP}},
      {OurCall::kHello, SYS_munmap, {pointer, kPageBytes}},
      {OurCall::kHello, SYS_close, {kFd}},
      {OurCall::kHello, SYS_futex, {pointer, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, pointer}},
      {OurCall::kHello, SYS_futex, {pointer, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX}},
      {OurCall::kThreadId, SYS_gettid, {}},
      {OurCall::kThreadIsGone, SYS_getpid, {}},
      {OurCall::kThreadIsGone, SYS_tgkill, {pid, pid, 0}},
      {OurCall::kProcessId, SYS_getpid, {}},
      {OurCall::kFutex, SYS_futex, {pointer, FUTEX_WAKE, INT_MAX}},
      {OurCall::kFutex, SYS_futex, {pointer, FUTEX_WAIT, 0, pointer}},
      {OurCall::kFutex, SYS_futex, {pointer, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, pointer}},
      {OurCall::kFutex, SYS_futex, {pointer, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1}},
      {OurCall::kMap, SYS_mmap, {0, kPageBytes, kReadWrite, kPrivate, kNoFile}},
      {OurCall::kMap, SYS_mmap, {0, kPageBytes, kReadWrite, kPrivate | MAP_NORESERVE, kNoFile}},
      {OurCall::kMap, SYS_munmap, {pointer, kPageBytes}},
      {OurCall::kReadyPages, SYS_madvise, {pointer, kPageBytes, MADV_POPULATE_WRITE}},
      {OurCall::kTestAddress, SYS_rt_sigprocmask, {static_cast<uint64_t>(-1), pointer, 0, kMask}},
      {OurCall::kSignalStack, SYS_sigaltstack, {0, pointer}},
      {OurCall::kThreadName, SYS_prctl, {PR_GET_NAME, pointer}},
      {OurCall::kClock, SYS_clock_gettime, {CLOCK_MONOTONIC, pointer}},
      {OurCall::kDescriptorFlags, SYS_fcntl, {kFd, F_GETFD}},
      {OurCall::kCloseRange, SYS_close_range, {~0u, ~0u}},
      {OurCall::kWorkingDirectory, SYS_getcwd, {pointer, PATH_MAX}},
      {OurCall::kFileState, SYS_fstat, {kFd, pointer}},
      {OurCall::kFileAtPath, SYS_newfstatat, {kHere, pointer, pointer}},
      {OurCall::kFileAtPath, SYS_newfstatat, {kHere, pointer, pointer, AT_SYMLINK_NOFOLLOW}},
      {OurCall::kFileAtPath, SYS_newfstatat, {kFd, pointer, pointer, AT_EMPTY_PATH}},
      {OurCall::kFileAtPath, SYS_newfstatat, {kFd, pointer, pointer, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH}},
      {OurCall::kFileName, SYS_readlinkat, {kHere, pointer, pointer, kMaxPathBytes}},
      {OurCall::kFilePosition, SYS_lseek, {kFd, 0, SEEK_CUR}},
      {OurCall::kMove, SYS_fcntl, {kFd, F_GETFD}},
      {OurCall::kMove, SYS_fcntl, {kFd, F_DUPFD, kFd}},
      {OurCall::kMove, SYS_fcntl, {kFd, F_DUPFD_CLOEXEC, kFd}},
      {OurCall::kMove, SYS_close, {kFd}},
      {OurCall::kLimits, SYS_prlimit64, {0, RLIMIT_NOFILE, 0, pointer}},
      {OurCall::kFilesystem, SYS_fstatfs, {kFd, pointer}},
      {OurCall::kFilesystem, SYS_statfs, {pointer, pointer}},
      {OurCall::kCapabilities, SYS_capget, {pointer, pointer}},
      {OurCall::kBusHandler, SYS_rt_sigaction, {SIGBUS, 0, pointer, kMask}},
      {OurCall::kBusHandler, SYS_rt_sigaction, {SIGBUS, pointer, pointer, kMask}},
      {OurCall::kStart, SYS_readlink, {pointer, pointer, PATH_MAX}},
      {OurCall::kStart, SYS_faccessat, {kHere, pointer, R_OK}},
      {OurCall::kStart, SYS_getuid, {}},
      {OurCall::kStart, SYS_getgid, {}},
      {OurCall::kStart, SYS_prctl, {PR_GET_NO_NEW_PRIVS}},
      {OurCall::kStart, SYS_prctl, {PR_GET_SECCOMP}},
      {OurCall::kStart, SYS_mprotect, {pointer, kPageBytes, kReadWrite}},
      {OurCall::kStart, SYS_madvise, {pointer, kPageBytes, MADV_WIPEONFORK}},
  };
  uint32_t forbidden = 0;
  for (const Shape& shape : shapes) {
    if ((forbidden & Bit(shape.purpose)) != 0) continue;
    seccomp_data call = {};
    call.nr = shape.number;
    call.arch = kArchitecture;
    call.instruction_pointer = reinterpret_cast<uintptr_t>(&ForbiddenBy);  // as near as can be: our calls are inlined
    for (size_t i = 0; i < 6; ++i) call.args[i] = shape.arguments[i];
    if (!Allows(RunFilter(program, call))) forbidden |= Bit(shape.purpose);
  }
  return forbidden;
}

}  // namespace fdtrace
