#include "interposer/unwinder.h"

#include <cstdint>

#include "interposer/readable_address.h"
#include "interposer/seccomp_calls.h"

namespace fdtrace {
namespace {

// To walk into an object that was not seen before takes almost six kilobytes of stack. A signal handler's may have
// less, and nothing stops us at its end; a coroutine's may, and where its end is nobody says: what is below us must at
// least be memory.
bool StackHasRoom() {
  constexpr uintptr_t kNeeded = uintptr_t{6} * 1024;
  constexpr uintptr_t kNeededOfSignalStack = uintptr_t{8} * 1024;
  ThreadState& thread = fdtrace_thread;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t above_end = here - thread.signal_stack;
  if (above_end < thread.signal_stack_bytes) return above_end >= kNeededOfSignalStack;
  // Valgrind's own way to ask does not make the stack grow.
  if (!MayCall(OurCall::kTestAddress) || IsUnderValgrind()) return true;
  return thread.stack_memory.Covers(here - kNeeded, here);
}

}  // namespace

Walk Unwind(const HookScope& scope, std::span<void*> frames) {
  if (scope.nested()) return {};
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  fdtrace_thread.stack_memory.BeginAt(here);
  if (!StackHasRoom()) return {};
  return WalkStack(fdtrace_thread.stack_memory, fdtrace_thread.scratch->last_walks.At(here), frames);
}

}  // namespace fdtrace
