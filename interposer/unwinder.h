// Takes the calling thread's stack, where there is room for that. Safe in signal handlers and after fork.
#pragma once

#include <span>

#include "interposer/hook_scope.h"
#include "interposer/stack_walk.h"

namespace fdtrace {

// As WalkStack; no frames when none can be taken here.
Walk Unwind(const HookScope& scope, std::span<void*> frames);

}  // namespace fdtrace
