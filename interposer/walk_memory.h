// A thread's last walk over its stack. The next one has most frames in common with it: where it comes to a frame in the
// state that the last one found it in, its callers are the same as then if the words that they were found by are; so
// only these are read.
//
//  - Reads no word that a walk without it would not read: as long as all are the same, it is that walk. All of them lie
//    one above the other on one stack, of which the kernel was asked.
//  - A walk that was abandoned half-way (a handler left by longjmp) leaves none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/hash.h"
#include "interposer/registers.h"
#include "interposer/stack_memory.h"
#include "proto/session.h"

namespace fdtrace {

// What a frame's callers follow from, but for what lies on the stack.
struct FrameState {
  uintptr_t next;  // address of the instruction that is next in it
  uintptr_t stack;
  uintptr_t frame;

  bool operator==(const FrameState&) const = default;
};

// From a frame to its caller: the words that were read. A word that was none is the other one again.
struct WalkStep {
  FrameState from;
  const uintptr_t* return_slot;
  uintptr_t return_word;
  const uintptr_t* frame_slot;
  uintptr_t frame_word;
  uint64_t hash;  // HashOfAddresses of those returned to, by this step and all after it

  uintptr_t returns_to() const { return WithoutSignature(return_word); }
  // Did the words that were read lie between this frame and its caller's, as they should?
  bool IsWithinFrame() const {
    const auto from_stack = reinterpret_cast<const uintptr_t*>(from.stack);
    return from_stack <= frame_slot && frame_slot <= return_slot;
  }
  bool IsUnchanged() const { return *return_slot == return_word && *frame_slot == frame_word; }
};

// Of addresses, from the outermost one inwards: so that the hash of what several walks share is found once.
inline constexpr uint64_t kHashOfNone = 1;
inline uint64_t HashOfAddresses(std::span<void* const> addresses) {
  uint64_t hash = kHashOfNone;
  for (size_t i = addresses.size(); i-- > 0;) hash = HashWord(hash, reinterpret_cast<uintptr_t>(addresses[i]));
  return hash;
}

// All zero to begin with.
class WalkMemory {
 public:
  static constexpr size_t kMostSteps = kMaxFrames + 16;

  // A new walk begins, by the rules of this generation.
  void Begin(uint32_t generation) {
    // Not its first step, which began at the instruction itself: others begin behind a call.
    oldest_ = generation == generation_ && begin_ < kMostSteps ? begin_ + 1 : kMostSteps;
    generation_ = generation;
    begin_ = kMostSteps;
    taken_ = 0;
    is_whole_ = true;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  // The rest of the walk from this state on, if it is known and still so; empty: go on by yourself.
  std::span<const WalkStep> Rest(const FrameState& state, StackMemory& memory) {
    while (oldest_ < kMostSteps && steps_[oldest_].from.stack < state.stack) ++oldest_;
    if (oldest_ == kMostSteps || steps_[oldest_].from != state) return {};
    const auto end = reinterpret_cast<uintptr_t>(steps_[kMostSteps - 1].return_slot + 1);
    if (!memory.Covers(state.stack, end)) return {};
    size_t unchanged = oldest_;
    while (unchanged < kMostSteps && steps_[unchanged].IsUnchanged()) ++unchanged;
    if (unchanged == kMostSteps) return std::span(steps_).subspan(oldest_);
    oldest_ = unchanged + 1;
    return {};
  }

  // The walk has met what can change though no word does.
  void DoNotRemember() { is_whole_ = false; }

  // The next step, to be filled in.
  WalkStep& Add() {
    if (taken_ == kMostSteps) [[unlikely]] {
      is_whole_ = false;
      --taken_;
    }
    if (taken_ == oldest_) [[unlikely]]
      ++oldest_;  // overwritten
    return steps_[taken_++];
  }

  // The walk has come to the outermost frame, or to a rest that is known. Returns all its steps; none if they cannot be
  // remembered.
  std::span<const WalkStep> End(std::span<const WalkStep> rest) {
    if (!is_whole_ || taken_ + rest.size() > kMostSteps) return {};
    uint64_t hash = rest.empty() ? kHashOfNone : rest.front().hash;
    const size_t begin = kMostSteps - rest.size() - taken_;
    for (size_t i = taken_; i-- > 0;) {  // backwards: the two places may overlap
      steps_[i].hash = hash = HashWord(hash, steps_[i].returns_to());
      steps_[begin + i] = steps_[i];
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
    begin_ = static_cast<uint32_t>(begin);
    return std::span(steps_).subspan(begin);
  }

 private:
  uint32_t generation_;
  size_t begin_;   // of the last walk, which ends with the last step
  size_t oldest_;  // during a walk: the first of the last one's that may still serve
  size_t taken_;   // the new walk's, which are put in front until it ends
  bool is_whole_;  // it can be remembered
  WalkStep steps_[kMostSteps];
};

}  // namespace fdtrace
