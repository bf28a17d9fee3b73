// Debian's libunwind, made fit for a stranger's process. Why each part is needed: ARCHITECTURE.md, "Stacks".
//
//  - dlopened RTLD_LOCAL in the constructor, never linked: linked, its _Unwind_* would come before libgcc's.
//  - What it calls is pointed at functions of ours, which touch nothing of the program's (unwinder_guard.cc).
//  - Its mutexes remain. fork waits, bounded, until no other thread is inside; if that fails, the child takes no
//  stacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/hook_scope.h"

namespace fdtrace {

// Loads it. In the constructor, or at the first event before it, outside malloc. Without it, no stack is ever taken.
void LoadUnwinder();

// Fills `frames` with return addresses, innermost first, and returns their number; 0 when none can be taken here.
size_t Unwind(const HookScope& scope, std::span<void*> frames);

// Round a fork: `Child` and `Parent` are told in which process they are.
class UnwinderForkGuard {
 public:
  UnwinderForkGuard();  // other threads stay out of the unwinder from here on
  void InParent();
  void InChild();
};

// At a forked child's first event. If it was forked past our fork() (by a system call of the program's own) while other
// threads recorded, one of them may have been inside: no stacks then.
void CheckUnwinderAfterFork();

// A thread of this process begins to record.
void CountRecordingThread();

}  // namespace fdtrace
