// Takes the calling thread's stack, where there is room for that. Safe in signal handlers and after fork.
#pragma once

#include <cstddef>
#include <span>

#include "interposer/hook_scope.h"

namespace fdtrace {

// Fills `frames` with return addresses (stack_walk.h) and returns their number; 0 when none can be taken here.
size_t Unwind(const HookScope& scope, std::span<void*> frames);

}  // namespace fdtrace
