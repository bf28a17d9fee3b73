// DWARF expressions, as far as call frame information has them: where a register is saved, or what it was, in frames
// that no plain offset describes (signal trampolines, lazy binding, realigned stacks). Safe in signal handlers and
// after fork.
#pragma once

#include <cstdint>
#include <optional>

#include "interposer/registers.h"
#include "interposer/stack_memory.h"

namespace fdtrace {

// `block` is what FrameRow has. `first` lies on the evaluation stack to begin with, if there is one. Null: memory that
// is none, or an operation that no such expression needs.
std::optional<uintptr_t> EvaluateFrameExpression(int64_t block, const Registers& registers,
                                                 std::optional<uintptr_t> first, StackMemory& memory);

}  // namespace fdtrace
