// Which of fdtrace's own system calls a seccomp filter of the program's forbids. Whoever is about to make one asks here
// first, and does without: a forbidden call may kill the program. Safe in signal handlers, after fork and after vfork.
//
//  - Filters can only be added, so what is forbidden stays so, here and in children: the word is in private memory.
//  - A filter of one thread counts for all: which thread has which is not worth knowing.
//  - Costs a load where no filter is.
#pragma once

#include <linux/filter.h>

#include <atomic>
#include <cstdint>
#include <span>

namespace fdtrace {

// Purposes, each with the calls it cannot do without (seccomp_calls.cc).
enum class OurCall : uint32_t {
  kHello,         // the conversation with the collector, and memory shared with it
  kThreadId,      // of a thread that begins to record
  kThreadIsGone,  // is the thread that owned this ring still there?
  kProcessId,
  kFutex,        // ringing and waiting
  kMap,          // fresh private memory
  kReadyPages,   // all at once
  kTestAddress,  // is there memory?
  kSignalStack,  // are we on it?
  kThreadName,
  kClock,             // where the vDSO cannot tell the time by itself
  kDescriptorFlags,   // is this number open?
  kCloseRange,        // would this range be closed?
  kWorkingDirectory,  // of modules with relative names
  kFileState,
  kFileAtPath,
  kFileName,
  kFilePosition,
  kMove,  // to another number
  kLimits,
  kFilesystem,
  kCapabilities,
  kBusHandler,  // see bus_errors.cc
  kStart,       // what else a new image of ours does before main, and who executes it before that
  kCount
};

namespace internal {
// Bits of OurCall that are forbidden, and above them a count of changes.
inline constinit std::atomic<uint64_t> g_forbidden{0};
}  // namespace internal

// What the vfork child that runs in this thread has forbidden itself: its memory is its parent's, its filter is not.
inline __attribute__((tls_model("initial-exec"))) __thread uint32_t vfork_child_forbidden = 0;

inline constexpr uint32_t kAllOurCalls = (1u << static_cast<uint32_t>(OurCall::kCount)) - 1;

constexpr uint32_t Bit(OurCall call) { return 1u << static_cast<uint32_t>(call); }

inline uint32_t ForbiddenCalls() {
  return static_cast<uint32_t>(internal::g_forbidden.load(std::memory_order_relaxed)) | vfork_child_forbidden;
}

inline bool MayCall(OurCall call) { return (ForbiddenCalls() & Bit(call)) == 0; }

// The bits of OurCall that a filter would forbid the process of this number.
uint32_t ForbiddenBy(std::span<const sock_filter> program, uint32_t pid);

}  // namespace fdtrace
