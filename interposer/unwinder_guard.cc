// The functions that libunwind calls to look at memory and files, and what it gets instead: it may open no pipe in the
// program, write nothing into its files, open none of its own and wait for no loader lock. All others of libc it calls
// directly, past whatever interceptors a sanitizer put before them: some do not work in a thread that is ending.
//
// libunwind tells whether an address can be read by writing a byte from it into a pipe of its own and reading it back.
// It is handed two numbers that no descriptor can have, and a write to them asks the kernel about the address in
// another way.
#include "interposer/unwinder_guard.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

#include "interposer/hook_scope.h"
#include "interposer/loaded_objects.h"
#include "interposer/memory.h"
#include "interposer/nap.h"
#include "interposer/raw_syscall.h"
#include "interposer/ring_writer.h"
#include "interposer/seccomp_calls.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

constexpr int kReadEnd = 0x7ffffff0;  // beyond any fs.nr_open
constexpr int kWriteEnd = 0x7ffffff1;

int Refuse(int error) {
  errno = error;
  return -1;
}

// Of libc's own, which in a program built with a sanitizer are not those that our names reach.
struct Libc {
  decltype(&::sigprocmask) mask_signals;
  decltype(&::pthread_mutex_lock) lock;
  decltype(&::pthread_mutex_trylock) try_lock;
  int (*create_key)(pthread_key_t*, void (*)(void*));
};
constinit Libc g_libc = {};

template <typename Function>
bool Find(void* libc, const char* name, Function& found) {
  found = reinterpret_cast<Function>(dlsym(libc, name));
  return found != nullptr;
}

bool FindLibc(void* libc) {
  return Find(libc, "sigprocmask", g_libc.mask_signals) && Find(libc, "pthread_mutex_lock", g_libc.lock) &&
         Find(libc, "pthread_mutex_trylock", g_libc.try_lock) && Find(libc, "pthread_key_create", g_libc.create_key);
}

// Where UnwindWithoutLocking returns to from within.
__thread void** way_out = nullptr;

// Without the mask, a handler may run while libunwind holds a lock. One that calls us takes no stack (it is nested);
// one that never returns leaves the lock held, which Lock below takes for what it is.
int MaskSignals(int how, const sigset_t* set, sigset_t* old) {
  return MayCall(OurCall::kMaskSignals) ? g_libc.mask_signals(how, set, old) : 0;
}

// A lock was not to be had: whoever held it never came back, or we left while we held others.
constinit std::atomic<bool> g_stuck{false};

// Where it cannot be waited for, a lock is tried: most are held for microseconds, or as long as their holder is not
// running. After that there is no stack, and from then on none that would need a lock that is not free.
int Lock(pthread_mutex_t* mutex) {
  constexpr int kMaxTries = 1'000'000;  // tens of milliseconds
  if (UnwinderMayLock() || way_out == nullptr) return g_libc.lock(mutex);
  for (int tries = 0; tries < kMaxTries; ++tries) {
    if (g_libc.try_lock(mutex) == 0) return 0;
    if (g_stuck.load(std::memory_order_relaxed)) break;
    Pause();
  }
  g_stuck.store(true, std::memory_order_relaxed);
  __builtin_longjmp(way_out, 1);
}

constexpr size_t kReserveBytes = size_t{256} * 1024;
constinit std::atomic<unsigned char*> g_reserve{nullptr};
constinit std::atomic<size_t> g_reserve_used{0};

// libunwind makes do without large tables, not without the small ones.
void* Map(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (MayCall(OurCall::kMap)) {
    const long result = RawSyscall(SYS_mmap, at, static_cast<long>(bytes), protection, flags, fd, offset);
    return Failed(result) ? MAP_FAILED : reinterpret_cast<void*>(result);
  }
  unsigned char* const reserve = g_reserve.load(std::memory_order_acquire);
  if (reserve == nullptr || bytes > kReserveBytes / 4) return MAP_FAILED;
  const size_t used = g_reserve_used.fetch_add(bytes, std::memory_order_relaxed);
  return used + bytes <= kReserveBytes ? reserve + used : MAP_FAILED;
}

int Unmap(void* at, size_t bytes) {
  if (MayCall(OurCall::kMap)) RawSyscall(SYS_munmap, at, static_cast<long>(bytes));
  return 0;
}

int Pipe(int fds[2], int) {
  fds[0] = kReadEnd;
  fds[1] = kWriteEnd;
  return 0;
}

// Is it in a page of the stack between here and the hook that wants the stack? libunwind asks of its own context first.
bool IsOurStack(const void* address) {
  const auto page = [](const void* at) { return reinterpret_cast<uintptr_t>(at) / kPageBytes; };
  return page(address) >= page(__builtin_frame_address(0)) && page(address) <= page(fdtrace_thread.scope);
}

long Write(int fd, const void* from, size_t) {
  if (fd != kWriteEnd) return Refuse(EBADF);
  if (!IsOurStack(from) && !IsReadable(from)) return Refuse(EFAULT);
  errno = 0;
  return 1;
}

// libunwind repeats a read or write as long as errno is EINTR, whatever the call returned.
long Read(int fd, void*, size_t) {
  if (fd != kReadEnd) return Refuse(EBADF);
  errno = 0;
  return 1;
}

int Open(const char*, int, ...) { return Refuse(ENOENT); }

int Close(int) { return 0; }

// Asked about an address before the pipe is, which tells more.
int Asked(void*, size_t, ...) { return 0; }

pid_t ProcessId() { return 1; }  // for a path in /proc that `Open` refuses

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

using Destructor = void(void*);
constinit Destructor* g_destructor = nullptr;

// Frees a thread's cache when it ends; that takes a lock and gives memory back. It is how we learn that the thread
// ends.
void EndThread(void* cache) {
  ReleaseRing();
  if (UnwinderMayLock() && MayCall(OurCall::kMap)) g_destructor(cache);
}

int CreateKey(pthread_key_t* key, Destructor* destructor) {
  if (g_destructor != nullptr || destructor == nullptr) return g_libc.create_key(key, destructor);
  g_destructor = destructor;
  return g_libc.create_key(key, EndThread);
}

// libunwind's variables of each thread, in memory that every thread has from its beginning: the loader would allocate
// them at a thread's first stack, by malloc, which a signal handler may have interrupted.
constexpr size_t kThreadBytes = 64;
alignas(16) __thread unsigned char thread_variables[kThreadBytes] = {};

struct ThreadVariable {  // tls_index, of the ABI for thread-local storage
  uintptr_t module;
  uintptr_t offset;
};
void* AddressOf(const ThreadVariable* variable) { return thread_variables + variable->offset; }

// All of them fit, and are zero to begin with.
bool ThreadVariablesFit(const link_map& object) {
  const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(object.l_addr);
  const auto* const parts = reinterpret_cast<const ElfW(Phdr)*>(object.l_addr + header->e_phoff);
  for (size_t i = 0; i < header->e_phnum; ++i) {
    if (parts[i].p_type == PT_TLS) return parts[i].p_filesz == 0 && parts[i].p_memsz <= kThreadBytes;
  }
  return false;
}

struct Replacement {
  const char* name;
  void* function;
};

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

void ReserveForUnwinder() {
  if (g_reserve.load(std::memory_order_relaxed) == nullptr) {
    g_reserve.store(static_cast<unsigned char*>(AllocatePages(kReserveBytes)), std::memory_order_release);
  }
}

// Apart from its caller: no variable of that lives in a register across the second return.
__attribute__((noinline)) size_t internal::UnwindWithoutLocking(size_t (*unwind)(const void*), const void* closure) {
  void* here[5];
  if (__builtin_setjmp(here) != 0) {
    way_out = nullptr;
    return 0;
  }
  way_out = here;
  const size_t count = unwind(closure);
  way_out = nullptr;
  return count;
}

void* GuardedImport(const link_map& unwinder, const char* name) {
  const Replacement guard[] = {
      {"pipe2", reinterpret_cast<void*>(Pipe)},
      {"pipe", reinterpret_cast<void*>(Pipe)},
      {"write", reinterpret_cast<void*>(Write)},
      {"read", reinterpret_cast<void*>(Read)},
      {"open", reinterpret_cast<void*>(Open)},
      {"open64", reinterpret_cast<void*>(Open)},
      {"close", reinterpret_cast<void*>(Close)},
      {"syscall", reinterpret_cast<void*>(Syscall)},
      {"mincore", reinterpret_cast<void*>(Asked)},
      {"msync", reinterpret_cast<void*>(Asked)},
      {"getpid", reinterpret_cast<void*>(ProcessId)},
      {"mmap", reinterpret_cast<void*>(Map)},
      {"munmap", reinterpret_cast<void*>(Unmap)},
      {"sigprocmask", reinterpret_cast<void*>(MaskSignals)},
      {"pthread_mutex_lock", reinterpret_cast<void*>(Lock)},
      {"pthread_key_create", reinterpret_cast<void*>(CreateKey)},
      {"dl_iterate_phdr", reinterpret_cast<void*>(IterateObjects)},
  };
  // dlopen took the first definition in the program's order; here it is libc's own.
  static void* const libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  static const bool found = libc != nullptr && FindLibc(libc);
  for (const Replacement& replacement : guard) {
    if (found && TextEquals(name, replacement.name)) return replacement.function;
  }
  if (TextEquals(name, "__tls_get_addr")) {  // the loader's, not libc's
    return ThreadVariablesFit(unwinder) ? reinterpret_cast<void*>(AddressOf) : nullptr;
  }
  return libc == nullptr ? nullptr : dlsym(libc, name);
}

}  // namespace fdtrace
