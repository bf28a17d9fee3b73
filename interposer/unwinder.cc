#include "interposer/unwinder.h"

#include <dlfcn.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <time.h>
#include <ucontext.h>

#include <atomic>
#include <iterator>

#include "interposer/imports.h"
#include "interposer/kept_mappings.h"
#include "interposer/loaded_objects.h"
#include "interposer/nap.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "interposer/unwinder_guard.h"

extern "C" __attribute__((weak)) int getcontext(ucontext_t*) noexcept;  // musl has none

namespace fdtrace {
namespace {

#define FDTRACE_TEXT_OF(name) #name
#define FDTRACE_TEXT(name) FDTRACE_TEXT_OF(name)

constexpr timespec kNap = {.tv_sec = 0, .tv_nsec = 100'000};
constexpr int kMaxForkNaps = 2'000;    // a fork waits 0.2 s at most for other threads' stacks
constexpr int kMaxUnwindNaps = 5'000;  // and they for it, 0.5 s

using Backtrace = int(void**, int);

constinit std::atomic<Backtrace*> g_backtrace{nullptr};

// The functions of the slow way, by the names that libunwind.h gives them.
struct StepFunctions {
  decltype(&::unw_init_local) init;
  decltype(&::unw_step) step;
  decltype(&::unw_get_reg) get_register;
  decltype(&::unw_flush_cache) flush;
  unw_addr_space_t* local_space;
};
constinit StepFunctions g_slow = {};
constinit std::atomic<uint32_t> g_flushed_at{0};
constinit std::atomic<bool> g_distrusted{false};  // its locks may be held by a thread that this process does not have
constinit std::atomic<uint32_t> g_forks_waiting{0};
// Since this process, or the one that it was copied from, said hello.
constinit std::atomic<uint32_t> g_recording_threads{0};
// The process whose fork we have seen and found quiet.
constinit std::atomic<long> g_trusted_pid{0};

bool IsStack(uintptr_t page) {
  uintptr_t& known = fdtrace_thread.stack_pages[page % std::size(fdtrace_thread.stack_pages)];
  if (known != page && IsReadable(reinterpret_cast<const void*>(page * kPageBytes))) known = page;
  return known == page;
}

// Unwinding new code takes almost six kilobytes of stack. A signal handler's may have less, and nothing stops us at its
// end; a coroutine's may, and where its end is nobody says: what is below us must at least be memory.
bool StackHasRoom() {
  constexpr uintptr_t kNeeded = uintptr_t{6} * 1024;
  constexpr uintptr_t kNeededOfSignalStack = uintptr_t{12} * 1024;
  const ThreadState& thread = fdtrace_thread;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t above_end = here - thread.signal_stack;
  if (above_end < thread.signal_stack_bytes) return above_end >= kNeededOfSignalStack;
  // Valgrind's own way to ask does not make the stack grow.
  if (!MayCall(OurCall::kTestAddress) || IsUnderValgrind()) return true;
  for (uintptr_t page = (here - kNeeded) / kPageBytes; page < here / kPageBytes; ++page) {
    if (!IsStack(page)) return false;
  }
  return true;
}

// A thread's first stack makes the loader allocate room for libunwind's thread-local variables, by the program's
// malloc.
bool MayBeginHere() { return fdtrace_thread.unwinds_since != 0 || MayCall(OurCall::kGrowHeap); }

bool MayEnter(const HookScope& scope) {
  return g_backtrace.load(std::memory_order_acquire) != nullptr && !g_distrusted.load(std::memory_order_relaxed) &&
         !scope.nested() && StackHasRoom() && MayBeginHere();
}

// The fence between marking ourselves and looking for a fork, and the one between announcing a fork and looking for
// marks, are the exchanges: one of the two sees the other.
bool Enter(RingHeader& ring) {
  // A handler of pthread_atfork, in the parent or the child: the fork is our own.
  if (fdtrace_thread.forking != Forking::kNo) return fdtrace_thread.forking == Forking::kQuietly;
  for (int nap = 0; nap < kMaxUnwindNaps; ++nap) {
    ring.in_unwinder.exchange(1, std::memory_order_seq_cst);
    if (g_forks_waiting.load(std::memory_order_seq_cst) == 0) return true;
    ring.in_unwinder.store(0, std::memory_order_seq_cst);
    if (!Nap(kNap)) return false;
  }
  return false;
}

// What the fast way has learnt about an address it keeps for as long as the thread lives, and nothing makes it forget.
// Once other code was loaded in the place of code that a thread may have learnt about, that thread goes the slow way.
bool CanTrustCache() {
  const uint32_t now = Displacements() + 1;
  if (fdtrace_thread.unwinds_since == 0) fdtrace_thread.unwinds_since = now;
  return fdtrace_thread.unwinds_since == now;
}

size_t Trace(std::span<void*> frames) {
  const int count = g_backtrace.load(std::memory_order_relaxed)(frames.data(), static_cast<int>(frames.size()));
  return count > 0 ? static_cast<size_t>(count) : 0;
}

size_t Step(std::span<void*> frames) {
  if (!MayCall(OurCall::kMaskSignals)) return 0;  // getcontext asks for the mask
  const uint32_t displacements = Displacements();
  if (g_flushed_at.exchange(displacements, std::memory_order_relaxed) != displacements)
    g_slow.flush(*g_slow.local_space, 0, 0);
  unw_context_t context;
  unw_cursor_t cursor;
  getcontext(&context);
  if (g_slow.init(&cursor, &context) < 0) return 0;
  size_t count = 0;
  while (count < frames.size() && g_slow.step(&cursor) > 0) {
    unw_word_t address = 0;
    if (g_slow.get_register(&cursor, UNW_REG_IP, &address) < 0 || address == 0) break;
    frames[count++] = reinterpret_cast<void*>(address);
  }
  return count;
}

template <typename Pointer>
bool Find(void* library, const char* name, Pointer& found) {
  found = reinterpret_cast<Pointer>(dlsym(library, name));
  return found != nullptr;
}

bool OthersInside(const Attachment& attachment) {
  const uint32_t arenas = attachment.arena_count.load(std::memory_order_acquire);
  for (uint32_t a = 0; a < arenas; ++a) {
    const Arena& arena = *attachment.arenas[a].load(std::memory_order_relaxed);
    for (const RingHeader& ring : arena.rings) {
      if (&ring != fdtrace_thread.ring && ring.in_unwinder.load(std::memory_order_seq_cst) != 0) return true;
    }
  }
  return false;
}

}  // namespace

void LoadUnwinder() {
  void* const library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
#define FDTRACE_FIND(member, name) Find(library, FDTRACE_TEXT(name), g_slow.member)
  Backtrace* backtrace = nullptr;
  if (!Find(library, "unw_backtrace", backtrace) || !FDTRACE_FIND(init, unw_init_local) ||
      !FDTRACE_FIND(step, unw_step) || !FDTRACE_FIND(get_register, unw_get_reg) ||
      !FDTRACE_FIND(flush, unw_flush_cache) || !FDTRACE_FIND(local_space, unw_local_addr_space)) {
    return;
  }
  // Unguarded it is a danger to the program: better no stacks.
  if (!RedirectImports(*static_cast<const link_map*>(library), GuardedImport)) return;
  if (IsLoaded("vgpreload_")) KnowValgrind();
  KeepMapped(*static_cast<const link_map*>(library));
  g_backtrace.store(backtrace, std::memory_order_release);
}

size_t Unwind(const HookScope& scope, std::span<void*> frames) {
  if (!MayEnter(scope)) return 0;
  RingHeader& ring = *fdtrace_thread.ring;
  if (!Enter(ring)) return 0;
  const auto unwind = [&] { return CanTrustCache() ? Trace(frames) : Step(frames); };
  const size_t count = UnwinderMayLock() ? unwind() : UnwindWithoutLocking(unwind);
  ring.in_unwinder.store(0, std::memory_order_release);
  return count;
}

UnwinderForkGuard::UnwinderForkGuard() {
  const Attachment* const attachment = AttachedAlready();
  g_forks_waiting.fetch_add(1, std::memory_order_seq_cst);
  bool quiet = attachment == nullptr || !OthersInside(*attachment);
  for (int nap = 0; !quiet && nap < kMaxForkNaps; ++nap) {
    if (!Nap(kNap)) break;
    quiet = !OthersInside(*attachment);
  }
  fdtrace_thread.forking = quiet ? Forking::kQuietly : Forking::kNotQuietly;
}

void UnwinderForkGuard::InParent() {
  fdtrace_thread.forking = Forking::kNo;
  g_forks_waiting.fetch_sub(1, std::memory_order_seq_cst);
}

void UnwinderForkGuard::InChild() {
  g_forks_waiting.store(0, std::memory_order_relaxed);
  // Where it may not ask, it may not say hello either, and takes no stack.
  if (MayCall(OurCall::kProcessId)) g_trusted_pid.store(RawSyscall(SYS_getpid), std::memory_order_relaxed);
  if (fdtrace_thread.forking == Forking::kNotQuietly) g_distrusted.store(true, std::memory_order_relaxed);
  fdtrace_thread.forking = Forking::kNo;
}

void CheckUnwinderAfterFork() {
  const uint32_t threads = g_recording_threads.exchange(0, std::memory_order_relaxed);
  if (fdtrace_thread.forking != Forking::kNo) return;  // in a handler of pthread_atfork: InChild will decide
  const long pid = RawSyscall(SYS_getpid);
  if (g_trusted_pid.exchange(pid, std::memory_order_relaxed) != pid && threads > 1) {
    g_distrusted.store(true, std::memory_order_relaxed);
  }
}

void CountRecordingThread() { g_recording_threads.fetch_add(1, std::memory_order_relaxed); }

}  // namespace fdtrace
