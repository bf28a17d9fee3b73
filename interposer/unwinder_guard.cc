// The functions that libunwind calls to look at memory and files, and what it gets instead: it may open no pipe in the
// program, write nothing into its files, open none of its own and wait for no loader lock. A call is libunwind's when
// its return address lies there. Everybody else's calls go on unchanged.
//
// libunwind tells whether an address can be read by writing a byte from it into a pipe of its own and reading it back.
// It is handed two numbers that no descriptor can have, and a write to them asks the kernel about the address in
// another way.
#include "interposer/unwinder_guard.h"

#include <cerrno>
#include <csignal>
#include <cstdarg>

#include "interposer/effects.h"
#include "interposer/interposed_functions.h"
#include "interposer/loaded_objects.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/undeclared.h"
#include "interposer/unwinder.h"

namespace fdtrace {
namespace {

constexpr int kReadEnd = 0x7ffffff0;  // beyond any fs.nr_open
constexpr int kWriteEnd = 0x7ffffff1;

// rt_sigprocmask copies the set before it looks at `how`: EFAULT or EINVAL tells. Even tight sandboxes allow it.
bool Readable(const void* address) {
  constexpr long kNoSuchHow = -1;
  constexpr long kSetBytes = 8;
  const auto word = reinterpret_cast<uintptr_t>(address) & ~uintptr_t{7};
  return RawSyscall(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(word), 0, kSetBytes) != -EFAULT;
}

ssize_t WriteForUnwinder(const void* from) {
  if (Readable(from)) return 1;
  errno = EFAULT;
  return -1;
}

}  // namespace

bool IsUnwinderPipe(int fd) { return fd == kReadEnd || fd == kWriteEnd; }

long SyscallForUnwinder(long number, long fd, long from) {
  if (number == SYS_write && fd == kWriteEnd) return WriteForUnwinder(reinterpret_cast<const void*>(from));
  if (number == SYS_read && fd == kReadEnd) return 1;
  errno = ENOSYS;
  return -1;
}

}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

FDTRACE_EXPORT int open(const char* path, int flags, ...) {
  if (IsUnwinder(__builtin_return_address(0))) {
    errno = ENOENT;
    return -1;
  }
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return Created(Row::open, Real<decltype(::open)>(Row::open)(path, flags, mode), path);
}

FDTRACE_EXPORT int pipe2(int fds[2], int flags) {
  if (IsUnwinder(__builtin_return_address(0))) {
    fds[0] = kReadEnd;
    fds[1] = kWriteEnd;
    return 0;
  }
  return CreatedPair(Row::pipe2, Real<decltype(::pipe2)>(Row::pipe2)(fds, flags), fds, fds + 1);
}

FDTRACE_EXPORT ssize_t read(int fd, void* to, size_t count) {
  if (fd == kReadEnd) return 1;
  return Real<decltype(::read)>(Row::read)(fd, to, count);
}

FDTRACE_EXPORT ssize_t write(int fd, const void* from, size_t count) {
  if (fd == kWriteEnd) return WriteForUnwinder(from);
  return Real<decltype(::write)>(Row::write)(fd, from, count);
}

// The first word of what libunwind (1.6 to 1.8) passes along is the address it looks for: if that lies in an object
// loaded since, now is the time to notice it, for what it finds it keeps. Should another version pass something else,
// nothing is noticed here.
FDTRACE_EXPORT int dl_iterate_phdr(int (*callback)(dl_phdr_info*, size_t, void*), void* closure) {
  if (IsUnwinder(__builtin_return_address(0))) {
    NoticeLoadedObject(*static_cast<const uintptr_t*>(closure));
    return ReplayLoadedObjects(callback, closure);
  }
  return Real<decltype(::dl_iterate_phdr)>(Row::dl_iterate_phdr)(callback, closure);
}
