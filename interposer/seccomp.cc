#include "interposer/seccomp.h"

#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include <cstdarg>
#include <cstdint>
#include <span>

#include "interposer/environment.h"
#include "interposer/event_writer.h"
#include "interposer/interposed_functions.h"
#include "interposer/raw_syscall.h"
#include "interposer/readable_address.h"
#include "interposer/real_functions.h"
#include "interposer/seccomp_calls.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

bool Readable(const void* from, size_t bytes) {
  const auto* const first = static_cast<const char*>(from);
  for (size_t at = 0; at < bytes; at += kPageBytes) {
    if (!IsReadable(first + at)) return false;
  }
  return IsReadable(first + bytes - 1);
}

// Bits of OurCall; none for an installation that the kernel is going to refuse.
uint32_t WouldForbid(const Installation& installation) {
  if (installation.strict) return kAllOurCalls;
  if (installation.program == nullptr) return 0;
  const uint32_t already = ForbiddenCalls();
  if ((already & Bit(OurCall::kTestAddress)) != 0) return kAllOurCalls;  // it cannot be looked at
  if (!Readable(installation.program, sizeof(sock_fprog))) return 0;
  const sock_fprog program = *installation.program;
  if (program.len == 0 || program.len > BPF_MAXINSNS) return 0;
  if (!Readable(program.filter, program.len * sizeof(sock_filter))) return 0;
  // Where even its number may not be asked for, an earlier filter forbids all that needs it.
  const long pid = (already & Bit(OurCall::kProcessId)) == 0 ? RawSyscall(SYS_getpid) : 0;
  return ForbiddenBy({program.filter, program.len}, static_cast<uint32_t>(pid));
}

// A child forked by a handler in the middle of our work goes on with that work: where it may not put blank memory in
// place of ours, it keeps ours.
void LeaveMemoryToChildren(const Attachment& attachment) {
  RawSyscall(SYS_madvise, attachment.session, kPageBytes, MADV_DOFORK);
  const uint32_t arenas = attachment.arena_count.load(std::memory_order_acquire);
  for (uint32_t a = 0; a < arenas; ++a) {
    RawSyscall(SYS_madvise, attachment.arenas[a].load(std::memory_order_relaxed), sizeof(Arena), MADV_DOFORK);
  }
}

// What can be had now and not later: a place in the recording, memory.
void Prepare(uint32_t added) {
  const HookScope scope;
  if (!scope.recording()) return;
  CaptureStack(scope);
  if ((added & Bit(OurCall::kMap)) == 0) return;
  if (MayCall(OurCall::kHello)) LeaveMemoryToChildren(scope.attachment());
}

// The filter is about to apply to threads that asked before it was known what they may: they get the time to make that
// call, and to end a conversation with the collector.
void LetOthersFinish() {
  constexpr timespec kMoment = {.tv_sec = 0, .tv_nsec = 1'000'000};
  constexpr int kMaxMoments = 5'000;
  const Attachment* const attachment = AttachedAlready();
  int moments = 0;
  do {
    const uint32_t word = 0;
    RawSyscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, reinterpret_cast<long>(&kMoment));
  } while (attachment != nullptr && attachment->talker.load(std::memory_order_acquire) != 0 && ++moments < kMaxMoments);
}

// The word goes first: nobody may make a forbidden call after the filter has come into force.
Installed Switch(const Installation& installation, uint32_t added, Installed (*call)(const void*),
                 const void* closure) {
  constexpr uint64_t kChange = uint64_t{1} << 32;
  std::atomic<uint64_t>& word = internal::g_forbidden;
  const bool others_may_wait = installation.all_threads && MayCall(OurCall::kFutex);
  uint64_t before = word.load(std::memory_order_relaxed);
  while (!word.compare_exchange_weak(before, (before | added) + kChange, std::memory_order_seq_cst)) {
  }
  if (others_may_wait) LetOthersFinish();
  const Installed installed = call(closure);
  if (installed.successfully) return installed;
  // Another installation that came since may count on our bits: then they stay.
  uint64_t ours = (before | added) + kChange;
  word.compare_exchange_strong(ours, before + 2 * kChange, std::memory_order_seq_cst);
  return installed;
}

void Tell() {
  const HookScope scope(HookScope::Purpose::kIfAttached);
  if (!scope.recording()) return;
  scope.attachment().last_look.Want();
  WriteConfined(scope, !MayCall(OurCall::kHello), !MayCall(OurCall::kTestAddress));
}

}  // namespace

bool HelloIsPermitted() { return ForbiddenCalls() == 0; }

Installed internal::Confine(const Installation& installation, Installed (*call)(const void*), const void* closure) {
  const uint32_t added = WouldForbid(installation) & ~ForbiddenCalls();
  if (InVforkChild()) {
    const Installed installed = call(closure);
    if (installed.successfully) vfork_child_forbidden |= added;
    return installed;
  }
  if (added == 0) return call(closure);
  Prepare(added);
  const Installed installed = Switch(installation, added, call, closure);
  if (!installed.successfully) return installed;
  Tell();
  if (!HelloIsPermitted()) ForgetSession();
  return installed;
}

}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

FDTRACE_EXPORT int prctl(int option, ...) noexcept {
  va_list rest;
  va_start(rest, option);
  long arguments[4];
  for (long& argument : arguments) argument = va_arg(rest, long);
  va_end(rest);
  const auto call = [&]() -> Installed {
    const int result =
        Real<decltype(::prctl)>(Row::prctl)(option, arguments[0], arguments[1], arguments[2], arguments[3]);
    return {.result = result, .successfully = result == 0};
  };
  if (option != PR_SET_SECCOMP) [[likely]]
    return static_cast<int>(call().result);
  return static_cast<int>(Confine({.strict = arguments[0] == SECCOMP_MODE_STRICT,
                                   .program = reinterpret_cast<const sock_fprog*>(arguments[1]),
                                   .all_threads = false},
                                  call));
}
