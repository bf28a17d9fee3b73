// A thread's last walk over its stack. The next one has most frames in common with it: where it comes to a frame in the
// state that the last one found it in, its callers are the same as then if the words that they were found by are; so
// only these are read. The frame pointer, which most code uses as a register like any other, may have changed as long
// as no frame is found by it.
//
//  - Reads no word that a walk without it would not read: as long as all are the same, it is that walk. All of them lie
//    one above the other on one stack, of which the kernel was asked.
//  - A walk that was abandoned half-way (a handler left by longjmp) leaves none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
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
};

// From a frame to its caller: the words that were read. A frame pointer that was none of them, for it stayed in its
// register, is the other one again.
struct WalkStep {
  FrameState from;
  const uintptr_t* return_slot;
  uintptr_t return_word;
  const uintptr_t* frame_slot;
  uintptr_t frame_word;
  uint64_t hash;  // HashOfAddresses of those returned to, by this step and all after it
  bool by_frame;  // the caller was found by the frame pointer

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
    if (oldest_ == kMostSteps) return {};
    const FrameState& then = steps_[oldest_].from;
    if (then.stack != state.stack || then.next != state.next) return {};
    const auto end = reinterpret_cast<uintptr_t>(steps_[kMostSteps - 1].return_slot + 1);
    if (!memory.Covers(state.stack, end)) return {};
    const size_t changed = FirstChanged(state.frame);
    if (changed == kMostSteps) return std::span(steps_).subspan(oldest_);
    oldest_ = changed + 1;
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
  // The first step, from the oldest that may serve on, that does not lead where it did, coming with this frame pointer;
  // those before it are told of it.
  size_t FirstChanged(uintptr_t frame) {
    size_t at = oldest_;
    bool same = steps_[at].from.frame == frame;
    for (; at < kMostSteps; ++at) {
      if (same) at = FirstOfOtherWords(at);
      if (at == kMostSteps) break;
      WalkStep& step = steps_[at];
      if (*step.return_slot != step.return_word || (!same && step.by_frame)) break;
      if (!same) step.from.frame = frame;
      if (step.frame_slot == step.return_slot) continue;  // it stays in its register
      frame = *step.frame_slot;
      same = frame == step.frame_word;
      step.frame_word = frame;
    }
    return at;
  }

  size_t FirstOfOtherWords(size_t from) const {
    const WalkStep* step = steps_ + from;
    while (step != std::end(steps_) && step->IsUnchanged()) ++step;
    return static_cast<size_t>(step - steps_);
  }

  uint32_t generation_;
  size_t begin_;   // of the last walk, which ends with the last step
  size_t oldest_;  // during a walk: the first of the last one's that may still serve
  size_t taken_;   // the new walk's, which are put in front until it ends
  bool is_whole_;  // it can be remembered
  WalkStep steps_[kMostSteps];
};

// A thread's last walks, told apart by where on its stack they began: a program that goes on calling us mostly does so
// from few depths, in turn, and comes to each of them by the same way. All zero to begin with.
class WalkMemories {
 public:
  // For a walk that begins at this address.
  WalkMemory& At(uintptr_t stack) {
    if (shared_ < kMostShared) {
      ++shared_;
      return memories_[0];
    }
    for (size_t i = 0; i < kMemories; ++i) {
      if (begins_[i] == stack) return memories_[i];
    }
    const size_t oldest = next_++ % kMemories;
    begins_[oldest] = stack;
    return memories_[oldest];
  }

 private:
  static constexpr size_t kMemories = 4;
  static constexpr uint32_t kMostShared = 64;  // a thread's first walks: most never make more, and pages cost

  uint32_t shared_;
  uint32_t next_;
  uintptr_t begins_[kMemories];
  WalkMemory memories_[kMemories];
};

}  // namespace fdtrace
