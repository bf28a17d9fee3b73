// The time that fdtrace itself works in a thread of the program, as a type: whoever needs that thread's ring, its
// unwinder or a fresh lifetime id asks for a `const HookScope&`. Safe in signal handlers and after fork.
//
//  - Never spans the real call: a signal handler that leaves it by longjmp abandons no scope.
//  - Saves errno.
//  - Nests: a signal handler may interrupt our work and call an interposed function. Its events are kept, without a
//  stack.
//  - Should a handler leave our own work by longjmp all the same, the next scope notices and repairs the ring.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/attachment.h"
#include "interposer/python_frames.h"
#include "interposer/readable_memory.h"
#include "interposer/series.h"
#include "interposer/stack_memory.h"
#include "interposer/walk_memory.h"
#include "proto/session.h"

namespace fdtrace {

inline constexpr size_t kMaxOwnFrames = 8;

class HookScope;
class VforkChanges;

// Room for one event of each nesting and for the frames of one stack. Not on the stack: a handler's may be no larger
// than what the kernel itself puts there and a little more.
struct Scratch {
  unsigned char event[kMaxEventBytes];
  void* frames[kMaxFrames + kMaxOwnFrames];
  uint64_t modules[kMaxStackFrames];
  uint64_t addresses[kMaxStackFrames];
  PythonFrame python_frames[kMaxPythonFrames];
  ReadableMemory readable;
  WalkMemories last_walks;
  unsigned char nested_event[kMaxEventBytes];
};
static_assert(sizeof(Scratch) <= kScratchBytes);
// What most threads touch: all up to the first of the walks.
inline constexpr size_t kLikelyScratchBytes = offsetof(Scratch, last_walks) + sizeof(WalkMemory);

// Initial-exec: reaching it calls nothing, even in a signal handler of a new thread. All zero in a new thread.
struct ThreadState {
  uint32_t vfork_depth;         // > 0 in a vfork child, which runs in its parent's memory; offset known to vfork_*.S
  uint32_t serial;              // of the attachment that the ring belongs to
  VforkChanges* vfork_changes;  // of the vfork child that runs in this thread; null: nothing of it is recorded
  uint64_t vfork_stack;         // of the call of vfork
  HookScope* scope;             // the innermost live one
  RingHeader* ring;
  unsigned char* ring_bytes;
  Scratch* scratch;
  uint64_t tail_seen;      // the reader was at least so far
  uint64_t stalled_at;     // 1 + the tail at which waiting for room was given up
  uintptr_t signal_stack;  // as the thread set it by sigaltstack
  size_t signal_stack_bytes;
  StackMemory stack_memory;
  bool announced;          // this writer's Thread event is in the ring
  bool named;              // Python was asked for the thread's name
  uint64_t next_lifetime;  // of the block of ids at hand
  uint64_t lifetimes_end;
  uint32_t marks_before;  // MarksMade when the block was taken
  NumberSeries series;    // of numbers that were not open
};
extern "C" {
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread ThreadState fdtrace_thread;
}

class HookScope {
 public:
  // kRecord attaches the process if need be; kIfAttached never says hello.
  enum class Purpose { kRecord, kIfAttached };

  explicit HookScope(Purpose purpose = Purpose::kRecord);
  ~HookScope();
  HookScope(const HookScope&) = delete;
  HookScope& operator=(const HookScope&) = delete;

  // False: nothing can be recorded (no collector, no ring); the hook does nothing but the real call.
  bool recording() const { return attachment_ != nullptr; }
  // True in a signal handler that interrupted our own work.
  bool nested() const { return outer_ != nullptr; }
  // Of the scratch; none in a handler that interrupted a handler that interrupted us.
  std::span<unsigned char> event_buffer() const;
  Attachment& attachment() const { return *attachment_; }

  // Still on the stack, as far as can be told: see hook_scope.cc.
  bool Alive() const;

 private:
  void Enter(Purpose purpose);
  uintptr_t LiveMark() const { return reinterpret_cast<uintptr_t>(this) ^ 0x5ca1ab1e0ddba11u; }

  const int saved_errno_;
  volatile uintptr_t mark_;
  HookScope* outer_ = nullptr;
  Attachment* attachment_ = nullptr;
};

// True in a vfork child: what it does to its descriptors is not done to its parent's.
inline bool InVforkChild() { return fdtrace_thread.vfork_depth != 0; }

// A lifetime id that no other open of the recording has.
uint64_t NewLifetime(const HookScope& scope);

}  // namespace fdtrace
