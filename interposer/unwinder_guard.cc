// The functions that libunwind calls to look at memory and files, and what it gets instead: it may open no pipe in the
// program, write nothing into its files, open none of its own and wait for no loader lock. All others of libc it calls
// directly, past whatever interceptors a sanitizer put before them: some do not work in a thread that is ending.
//
// libunwind tells whether an address can be read by writing a byte from it into a pipe of its own and reading it back.
// It is handed two numbers that no descriptor can have, and a write to them asks the kernel about the address in
// another way.
#include "interposer/unwinder_guard.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>

#include "interposer/loaded_objects.h"
#include "interposer/raw_syscall.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

constexpr int kReadEnd = 0x7ffffff0;  // beyond any fs.nr_open
constexpr int kWriteEnd = 0x7ffffff1;

int Refuse(int error) {
  errno = error;
  return -1;
}

// rt_sigprocmask copies the set before it looks at `how`: EFAULT or EINVAL tells. Even tight sandboxes allow it; one
// that does not makes every address unreadable, and stacks short.
bool Readable(const void* address) {
  constexpr long kNoSuchHow = -1;
  constexpr long kSetBytes = 8;
  const auto word = reinterpret_cast<uintptr_t>(address) & ~uintptr_t{7};
  return RawSyscall(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(word), 0, kSetBytes) == -EINVAL;
}

int Pipe(int fds[2], int) {
  fds[0] = kReadEnd;
  fds[1] = kWriteEnd;
  return 0;
}

long Write(int fd, const void* from, size_t) {
  if (fd != kWriteEnd) return Refuse(EBADF);
  return Readable(from) ? 1 : Refuse(EFAULT);
}

long Read(int fd, void*, size_t) { return fd == kReadEnd ? 1 : Refuse(EBADF); }

int Open(const char*, int, ...) { return Refuse(ENOENT); }

int Close(int) { return 0; }

long Syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  const auto fd = static_cast<int>(va_arg(rest, long));
  const auto* const from = va_arg(rest, const void*);
  va_end(rest);
  if (number == SYS_write) return Write(fd, from, 1);
  return number == SYS_read ? Read(fd, nullptr, 1) : Refuse(ENOSYS);
}

// The first word of what libunwind (1.6 to 1.8) passes along is the address it looks for: if that lies in an object
// loaded since, now is the time to notice it, for what it finds it keeps. Should another version pass something else,
// nothing is noticed here.
int IterateObjects(int (*callback)(dl_phdr_info*, size_t, void*), void* closure) {
  NoticeLoadedObject(*static_cast<const uintptr_t*>(closure));
  return ReplayLoadedObjects(callback, closure);
}

struct Replacement {
  const char* name;
  void* function;
};

}  // namespace

void* GuardedImport(const char* name) {
  const Replacement guard[] = {
      {"pipe2", reinterpret_cast<void*>(Pipe)},
      {"pipe", reinterpret_cast<void*>(Pipe)},
      {"write", reinterpret_cast<void*>(Write)},
      {"read", reinterpret_cast<void*>(Read)},
      {"open", reinterpret_cast<void*>(Open)},
      {"open64", reinterpret_cast<void*>(Open)},
      {"close", reinterpret_cast<void*>(Close)},
      {"syscall", reinterpret_cast<void*>(Syscall)},
      {"dl_iterate_phdr", reinterpret_cast<void*>(IterateObjects)},
  };
  for (const Replacement& replacement : guard) {
    if (TextEquals(name, replacement.name)) return replacement.function;
  }
  // dlopen took the first definition in the program's order; here it is libc's own.
  static void* const libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  return libc == nullptr || TextEquals(name, "__tls_get_addr") ? nullptr : dlsym(libc, name);
}

}  // namespace fdtrace
