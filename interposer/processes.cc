#include "interposer/processes.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <paths.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <cerrno>
#include <climits>

#include "interposer/descriptors.h"
#include "interposer/effects.h"
#include "interposer/event_writer.h"
#include "interposer/interposed_functions.h"
#include "interposer/loaded_objects.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/ring_writer.h"
#include "interposer/seccomp_calls.h"
#include "interposer/undeclared.h"

namespace fdtrace {
namespace {

constexpr timespec kExitNap = {.tv_sec = 0, .tv_nsec = 50'000'000};
constexpr int kMaxExitNaps =
    200;  // ten seconds: a collector that lists a hundred thousand descriptors takes half of one

void AwaitCollector(Attachment& attachment) {
  if (!MayCall(OurCall::kFutex)) return;
  ArenaHeader& header = attachment.arenas[0].load(std::memory_order_relaxed)->header;
  const uint32_t wanted = header.exit_wanted.fetch_add(1, std::memory_order_seq_cst) + 1;
  for (int nap = 0; nap < kMaxExitNaps && CollectorLives(*attachment.session); ++nap) {
    const uint32_t done = header.exit_done.load(std::memory_order_acquire);
    if (static_cast<int32_t>(done - wanted) >= 0) return;
    RingBell(*attachment.session);
    RawSyscall(SYS_futex, &header.exit_done, FUTEX_WAIT, done, reinterpret_cast<long>(&kExitNap));
  }
}

// A handler may fork in the middle of our own work, and return to it in the child: what it then writes goes nowhere.
class InterruptedWork {
 public:
  explicit InterruptedWork(const Attachment& attachment)
      : session_(attachment.session), count_(attachment.arena_count.load(std::memory_order_relaxed)) {
    for (uint32_t a = 0; a < count_; ++a) arenas_[a] = attachment.arenas[a].load(std::memory_order_relaxed);
  }
  void InChild() const {
    if (!MayCall(OurCall::kMap)) return;  // seccomp.cc has left it the memory
    ForgetSessionPage();
    Blank(session_, kPageBytes);
    for (uint32_t a = 0; a < count_; ++a) Blank(arenas_[a], sizeof(Arena));
  }

 private:
  static void Blank(void* at, size_t bytes) {
    RawSyscall(SYS_mmap, at, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  }
  SessionPage* const session_;
  const uint32_t count_;
  Arena* arenas_[kMaxArenas];
};

// Apart from its caller, whose stack may be a signal handler's: the list of arenas takes two kilobytes.
template <typename Call>
__attribute__((noinline)) pid_t ForkWithinOurWork(const Attachment& attachment, Call call) {
  const InterruptedWork interrupted(attachment);
  const pid_t pid = call();
  if (pid == 0) interrupted.InChild();
  return pid;
}

// When this process was forked, by the clock that files are dated by; 0: before the program started, or by a system
// call of the program's own.
constinit timespec g_forked_at = {};

void NoteFork() {
  if (MayCall(OurCall::kClock)) clock_gettime(CLOCK_REALTIME_COARSE, &g_forked_at);
}

// Every way of forking that runs the child in a copy of our memory.
template <typename Call>
pid_t ForkBy(Call call) {
  if (InVforkChild()) {
    const pid_t pid = call();
    if (pid == 0) {  // whose memory is its own again
      NoteFork();
      KeepVforkChanges();
      fdtrace_thread.vfork_depth = 0;
      fdtrace_thread.vfork_changes = nullptr;
    }
    return pid;
  }
  const Attachment* const interrupted = fdtrace_thread.scope != nullptr ? AttachedAlready() : nullptr;
  const pid_t pid = interrupted != nullptr ? ForkWithinOurWork(*interrupted, call) : call();
  if (pid == 0) NoteFork();
  return pid;
}

// By /dev/null, if it is that.
bool ReplaceStandardDescriptors() {
  const int null = Real<decltype(::open)>(Row::open)(_PATH_DEVNULL, O_RDWR);
  if (null < 0) return false;
  struct stat device;
  const bool good = fstat(null, &device) == 0 && S_ISCHR(device.st_mode) && device.st_rdev == makedev(1, 3);
  for (int fd = 0; good && fd <= 2; ++fd) {
    Real<decltype(::dup2)>(Row::dup2)(null, fd);
    TakeDescriptor(fd);
  }
  if (!good || null > 2) Real<decltype(::close)>(Row::close)(null);
  if (!good) errno = ENODEV;
  return good;
}

// A forked child that has told of nothing yet may have written to what its parent opened, and closed since.
bool HasSilentlyWritten() {
  if (AttachedAlready() != nullptr || InVforkChild()) return false;
  bool may_write = false;
  VisitDescriptors(0, UINT32_MAX, [&](int fd) {
    may_write = may_write || (OriginOf(fd).has_file && MayHaveChangedSince(fd, g_forked_at));
  });
  return may_write;
}

// `tell` says it to the collector and returns whether to wait until that has looked at what is held.
template <typename Tell>
void Announce(Tell tell) {
  const HookScope scope(HasSilentlyWritten() ? HookScope::Purpose::kRecord : HookScope::Purpose::kIfAttached);
  if (!scope.recording()) return;
  const bool waits = tell(scope);
  if (!waits || InVforkChild()) return;  // a vfork child is looked at when its parent's events are
  if (!scope.nested()) PublishRecords();
  AwaitCollector(scope.attachment());
}

// Whether the collector need not look at this process before it exits; tells it so.
bool Settle() {
  const Attachment* const attachment = InVforkChild() ? nullptr : AttachedAlready();
  if (attachment == nullptr || attachment->last_look.IsNeeded()) return false;
  attachment->arenas[0].load(std::memory_order_relaxed)->header.settled.store(1, std::memory_order_release);
  return true;
}

}  // namespace

void AnnounceExit(int status) {
  const bool settled = Settle();
  if (settled && status < 0 && !HasRing(*AttachedAlready())) return;  // there is nothing to tell
  Announce([&](const HookScope& scope) {
    WriteExiting(scope, status);
    return !settled;
  });
}

void LetCollectorLook() {
  static constinit std::atomic<bool> looked{false};
  if (looked.load(std::memory_order_relaxed) || looked.exchange(true, std::memory_order_relaxed)) return;
  Announce([](const HookScope& scope) {
    scope.attachment().last_look.Want();  // once more, for it tells what passes from what stays
    return true;
  });
}

}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define REAL(name) Real<decltype(::name)>(Row::name)

FDTRACE_EXPORT pid_t fork() noexcept {
  return ForkBy([] { return REAL(fork)(); });
}
FDTRACE_EXPORT pid_t __fork() {
  return ForkBy([] { return REAL(__fork)(); });
}
FDTRACE_EXPORT pid_t _Fork() noexcept {
  return ForkBy([] { return REAL(_Fork)(); });
}

FDTRACE_EXPORT int forkpty(int* master, char* name, const termios* terminal, const winsize* size) noexcept {
  int fd = -1;
  const pid_t pid = ForkBy([&] { return REAL(forkpty)(&fd, name, terminal, size); });
  if (pid > 0) *master = Created(Row::forkpty, fd);
  if (pid < 0) RecordFailure(Row::forkpty, errno, {});
  return pid;
}

// On success the terminal is 0, 1 and 2, and fd itself is closed.
FDTRACE_EXPORT int login_tty(int fd) noexcept {
  const int result = REAL(login_tty)(fd);
  if (result == 0 && fd > 2 && !InVforkChild()) RecordClosing(Row::login_tty, fd);
  return result;
}

// As libc's, but with our fork and exit: libc's lets the parent end without a word.
FDTRACE_EXPORT int daemon(int keep_directory, int keep_standard) noexcept {
  const uint64_t forked_ns = MonotonicNs();
  const pid_t pid = ForkBy([] { return REAL(fork)(); });
  if (pid < 0) return -1;
  if (pid > 0) {
    Announce([&](const HookScope& scope) {
      WriteLeftByDaemon(scope, forked_ns);
      return true;
    });
    REAL(_exit)(0);
  }
  if (setsid() == -1) return -1;
  if (keep_directory == 0) (void)!chdir("/");
  return keep_standard != 0 || ReplaceStandardDescriptors() ? 0 : -1;
}

FDTRACE_EXPORT __attribute__((noreturn)) void _exit(int status) {
  AnnounceExit(status);
  REAL(_exit)(status);
  __builtin_unreachable();
}
FDTRACE_EXPORT __attribute__((noreturn)) void _Exit(int status) noexcept {
  AnnounceExit(status);
  REAL(_Exit)(status);
  __builtin_unreachable();
}

// Where a handler's stack ends, so that we can stay within it.
FDTRACE_EXPORT int sigaltstack(const stack_t* stack, stack_t* old) noexcept {
  const int result = REAL(sigaltstack)(stack, old);
  if (result == 0 && stack != nullptr && !InVforkChild()) {
    const bool enabled = (stack->ss_flags & SS_DISABLE) == 0;
    fdtrace_thread.signal_stack = reinterpret_cast<uintptr_t>(stack->ss_sp);
    fdtrace_thread.signal_stack_bytes = enabled ? stack->ss_size : 0;
  }
  return result;
}

FDTRACE_EXPORT int dlclose(void* handle) noexcept {
  const int result = REAL(dlclose)(handle);
  if (!InVforkChild()) DropUnloadedObjects();
  return result;
}
