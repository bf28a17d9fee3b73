#include "interposer/vfork.h"

#include <cerrno>

#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/interposed_functions.h"
#include "interposer/processes.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/ring_writer.h"
#include "interposer/seccomp_calls.h"
#include "interposer/stacks.h"
#include "interposer/undeclared.h"
#include "interposer/vfork_changes.h"

namespace fdtrace {
namespace {

void PrepareFirst() {
  const HookScope scope;
  if (!scope.recording()) return;
  fdtrace_thread.vfork_stack = CaptureStack(scope);
  fdtrace_thread.vfork_changes = VforkChanges::Acquire();
}

// The child may have been killed in the middle of our work: it left this thread as it was then.
void LeaveChildsWork(HookScope* scope_before) {
  if (fdtrace_thread.scope == scope_before) return;
  fdtrace_thread.scope = scope_before;
  if (scope_before == nullptr) AbandonRecord();
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

// What a handler does that interrupted our own work is heard of when that goes on, too late for a child: it is counted
// as lost. The thread counts as the child's from here, not from the system call on: a handler that came in between
// would take what is the child's for its parent's.
FDTRACE_ON_ANY_STACK void fdtrace_before_vfork() {
  ThreadState& thread = fdtrace_thread;
  if (!InVforkChild() && thread.scope == nullptr) PrepareFirst();
  if (thread.vfork_changes != nullptr && !thread.vfork_changes->Begin(thread.scope)) thread.vfork_changes = nullptr;
  ++thread.vfork_depth;
}

FDTRACE_ON_ANY_STACK void fdtrace_in_vfork_child() {
  const HookScope scope;
  if (scope.recording() && MayCall(OurCall::kProcessId)) {
    WriteVforkChild(scope, static_cast<int>(RawSyscall(SYS_getpid)), fdtrace_thread.vfork_stack);
  }
}

FDTRACE_ON_ANY_STACK long fdtrace_after_vfork(long result) {
  ThreadState& thread = fdtrace_thread;
  --thread.vfork_depth;
  vfork_child_forbidden = 0;
  if (thread.vfork_changes != nullptr) {
    LeaveChildsWork(thread.vfork_changes->End());
    if (result > 0) {
      const HookScope scope(HookScope::Purpose::kIfAttached);
      if (scope.recording()) WriteVforkEnd(scope);
    }
    if (!InVforkChild()) {
      VforkChanges::Release(thread.vfork_changes);
      thread.vfork_changes = nullptr;
    }
  }
  if (!Failed(result)) return result;
  errno = static_cast<int>(-result);
  return -1;
}

namespace {

struct ClonedChild {
  int (*function)(void*);
  void* argument;
};

// libc ends the child when its function returns, past our names.
int RunClonedChild(void* of) {
  const ClonedChild child = *static_cast<ClonedChild*>(of);
  if (InVforkChild()) fdtrace_in_vfork_child();
  const int status = child.function(child.argument);
  AnnounceExit(status);
  return status;
}

}  // namespace

// Only a child that runs in our memory while we wait, with descriptors of its own, is as vfork's. Others either share
// both, as threads do, or have a copy, as fork's have.
//
// A child of either kind may be given memory of no content for its thread's variables, so that it leaves its parent's
// errno alone (Chromium's sandbox does so). Our calls in it would find their variables nowhere: it goes without, with
// its parent's, whose errno is put back.
FDTRACE_EXPORT int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list rest;
  va_start(rest, argument);
  pid_t* const parent_tid = va_arg(rest, pid_t*);
  void* const tls = va_arg(rest, void*);
  pid_t* const child_tid = va_arg(rest, pid_t*);
  va_end(rest);
  auto* const real = Real<decltype(::clone)>(Row::clone);
  constexpr int kDecisive = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_THREAD;
  const bool as_fork = (flags & (CLONE_VM | CLONE_THREAD)) == 0;
  const bool as_vfork = (flags & kDecisive) == (CLONE_VM | CLONE_VFORK);
  ClonedChild child = {.function = function, .argument = argument};
  if (function == nullptr || !(as_fork || as_vfork)) {
    return real(function, stack, flags, argument, parent_tid, tls, child_tid);
  }
  const int own_flags = flags & ~CLONE_SETTLS;
  if (as_fork) return real(RunClonedChild, stack, own_flags, &child, parent_tid, tls, child_tid);
  const int saved_errno = errno;
  fdtrace_before_vfork();
  const int pid = real(RunClonedChild, stack, own_flags, &child, parent_tid, tls, child_tid);
  const long result = fdtrace_after_vfork(pid < 0 ? -errno : pid);
  if (result >= 0 && own_flags != flags) errno = saved_errno;
  return static_cast<int>(result);
}
