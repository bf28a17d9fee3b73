// Walks the calling thread's stack by the call frame information of the objects it passes, as exceptions do. Takes no
// lock, the loader's neither, allocates nothing and opens nothing: safe in signal handlers and after fork.
#pragma once

#include <cstddef>
#include <span>

#include "interposer/registers.h"
#include "interposer/stack_memory.h"
#include "interposer/walk_memory.h"

namespace fdtrace {

struct Walk {
  size_t count = 0;                      // of frames
  std::span<const WalkStep> steps = {};  // one for each, with their hashes; empty if the walk was none to remember
};

// Finds return addresses, innermost first; the first ones are this library's own. In place of a return address, a frame
// that a signal interrupted has the address behind the next instruction's first byte. They are those of the walk's
// steps, or, if it has none, in `frames`.
Walk WalkStack(StackMemory& memory, WalkMemory& last, std::span<void*> frames);

namespace internal {
// The two ways it goes, from a frame whose registers are known, whose next instruction is `registers.next`: by rules of
// a word, which gives up (no frames) at a frame that has none, and by whole rows.
Walk WalkByRules(const Registers& registers, StackMemory& memory, WalkMemory& last, std::span<void*> frames);
Walk WalkByRows(Registers registers, StackMemory& memory, std::span<void*> frames);
}  // namespace internal

}  // namespace fdtrace
