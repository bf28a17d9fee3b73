// The stack of the calling thread, interned: known by its hash, sent to the collector the first time this process has
// it. Safe in signal handlers and after fork.
#pragma once

#include <cstdint>

#include "interposer/hook_scope.h"

namespace fdtrace {

// Stack.hash of event.proto for the code that called the interposed function; 0 when no stack could be taken.
uint64_t CaptureStack(const HookScope& scope);

// Before the first one of a process: the memory that it takes, at once.
void ReadyStacks();

}  // namespace fdtrace
