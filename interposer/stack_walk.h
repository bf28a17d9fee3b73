// Walks the calling thread's stack by the call frame information of the objects it passes, as exceptions do. Takes no
// lock, allocates nothing, opens nothing and asks no loader: safe in signal handlers, after fork and in vfork children.
#pragma once

#include <cstddef>
#include <span>

#include "interposer/registers.h"
#include "interposer/stack_memory.h"

namespace fdtrace {

// Fills `frames` with return addresses, innermost first, and returns their number; the first ones are this library's
// own. In place of a return address, a frame that a signal interrupted has the address behind the next instruction's
// first byte.
size_t WalkStack(StackMemory& memory, std::span<void*> frames);

namespace internal {
// The two ways it goes, from a frame whose registers are known, whose next instruction is `registers.next`: by rules of
// a word, which gives up (0) at a frame that has none, and by whole rows.
size_t WalkByRules(const Registers& registers, StackMemory& memory, std::span<void*> frames);
size_t WalkByRows(Registers registers, StackMemory& memory, std::span<void*> frames);
}  // namespace internal

}  // namespace fdtrace
