#include "interposer/hook_scope.h"

#include <signal.h>

#include "interposer/current_mark.h"
#include "interposer/raw_syscall.h"
#include "interposer/ring_writer.h"
#include "interposer/seccomp_calls.h"

extern "C" {
__thread fdtrace::ThreadState fdtrace_thread = {};
}

namespace fdtrace {
namespace {

constexpr uint64_t kLifetimesPerBlock = 256;

bool OnAlternateStack() {
  if (!MayCall(OurCall::kSignalStack)) {  // the one that the thread was seen to set
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    return here - fdtrace_thread.signal_stack < fdtrace_thread.signal_stack_bytes;
  }
  stack_t stack = {};
  return RawSyscall(SYS_sigaltstack, nullptr, reinterpret_cast<long>(&stack)) == 0 &&
         (stack.ss_flags & SS_ONSTACK) != 0;
}

void CountLost() {
  if (Attachment* const attachment = AttachedAlready()) {
    attachment->arenas[0].load(std::memory_order_relaxed)->header.lost.fetch_add(1, std::memory_order_relaxed);
    attachment->last_look.Want();
  }
}

}  // namespace

// A scope that a longjmp jumped over is still pointed to by the thread. It shows in two ways: its memory is used for
// something else by now, or it lies deeper in the stack than its supposed signal handler does.
bool HookScope::Alive() const {
  if (mark_ != LiveMark()) return false;
  const char here = 0;
  const bool deeper = reinterpret_cast<uintptr_t>(this) < reinterpret_cast<uintptr_t>(&here);
  return !deeper || OnAlternateStack();
}

HookScope::HookScope(Purpose purpose) : saved_errno_(errno), mark_(LiveMark()) { Enter(purpose); }

void HookScope::Enter(Purpose purpose) {
  ThreadState& thread = fdtrace_thread;
  const bool vfork_child = InVforkChild();
  if (vfork_child && thread.vfork_changes == nullptr) {
    if (purpose == Purpose::kRecord) CountLost();
    return;
  }
  // A vfork child cannot say hello: the memory that it would mark as attached is its parent's.
  Attachment* const attachment = purpose == Purpose::kRecord && !vfork_child ? Attach() : AttachedAlready();
  if (attachment == nullptr || !CollectorLives(*attachment->session)) return;
  const bool same_process = HasRing(*attachment);
  if (thread.scope != nullptr) [[unlikely]] {
    if (same_process && thread.scope->Alive()) {
      outer_ = thread.scope;
    } else {
      thread.scope = nullptr;
      if (same_process) AbandonRecord();
    }
  }
  if (!same_process && !ClaimRing(*attachment)) return;
  attachment_ = attachment;
  thread.scope = this;
}

HookScope::~HookScope() {
  if (attachment_ != nullptr) {
    if (outer_ == nullptr) PublishRecords();
    fdtrace_thread.scope = outer_;
  }
  mark_ = 0;
  errno = saved_errno_;
}

std::span<unsigned char> HookScope::event_buffer() const {
  Scratch& scratch = *fdtrace_thread.scratch;
  if (outer_ == nullptr) return scratch.event;
  if (outer_->outer_ == nullptr) return scratch.nested_event;
  return {};
}

uint64_t NewLifetime(const HookScope& scope) {
  ThreadState& thread = fdtrace_thread;
  // A signal handler may come between any two of these steps: it then takes a block of its own, which only wastes ids.
  uint64_t id = thread.next_lifetime;
  const uint32_t marks = MarksMade();
  if (scope.nested() || id >= thread.lifetimes_end || thread.marks_before != marks) {
    const uint64_t block = scope.attachment().lifetimes.fetch_add(kLifetimesPerBlock, std::memory_order_relaxed);
    id = (uint64_t{scope.attachment().serial.load(std::memory_order_relaxed)} << kLifetimeCountBits) + block + 1;
    if (scope.nested()) return id;
    thread.lifetimes_end = id + kLifetimesPerBlock;
    thread.marks_before = marks;
  }
  thread.next_lifetime = id + 1;
  return id;
}

}  // namespace fdtrace
