// What a stack walk has learnt about the addresses it passes: a rule each, in one word, in a table that all threads
// share.
//
//  - Lock-free: safe in signal handlers and after fork, which copies what was learnt.
//  - Every rule is forgotten when an object is unloaded or a new one noticed.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "interposer/loaded_objects.h"

namespace fdtrace {

enum class FrameKind : uint8_t {
  kUnknown,           // not a rule: nothing was learnt about this address
  kFromStackPointer,  // CFA = stack pointer + cfa
  kFromFramePointer,  // CFA = frame pointer + cfa
  kRealigned,         // CFA = what lies at frame pointer + cfa, and frame_slot counts from the frame pointer
  kOutermost,         // has no caller
  kWithoutTables,
  kOther,  // needs its whole row
};

// The return address is saved at CFA + 8 * return_slot, and the caller's frame pointer, unless it is in its register
// still, at CFA + 8 * frame_slot.
struct FrameRule {
  int32_t cfa;
  FrameKind kind;
  int8_t return_slot;
  int16_t frame_slot;
};
static_assert(sizeof(FrameRule) == sizeof(uint64_t));

inline constexpr int16_t kInRegister = 0;  // for frame_slot: at the CFA itself lies nothing of the function's

namespace internal {

// A set is a cache line. An entry's two words are read and written without a lock; as the first is the key changed by
// the second, two words that were not written together match no key.
struct alignas(64) FrameRuleSet {
  struct Entry {
    std::atomic<uint64_t> locked_key;
    std::atomic<uint64_t> rule;
  };
  Entry entries[4];
};
inline constexpr unsigned kFrameRuleSetBits = 10;
extern constinit FrameRuleSet frame_rules[size_t{1} << kFrameRuleSetBits];

inline FrameRuleSet& FrameRuleSetOf(uintptr_t address) {
  return frame_rules[address * 0x9e3779b97f4a7c15u >> (64 - kFrameRuleSetBits)];
}

FrameRule LearnFrameRule(uintptr_t address);

}  // namespace internal

// Before the first walk of a process: the table's memory, at once.
void ReadyFrameRules();

// One generation's rules. What is learnt may begin another one: then a walk has to be made again.
class FrameRules {
 public:
  FrameRules() : generation_(LoadGeneration()), salt_(SaltOf(generation_)) {}

  uint32_t generation() const { return generation_; }
  bool AreValid() const { return LoadGeneration() == generation_; }

  // Learns the rule if need be. `address` is that of an instruction, not of the one it returns to.
  FrameRule At(uintptr_t address) const {
    for (const auto& entry : internal::FrameRuleSetOf(address).entries) {
      const uint64_t rule = entry.rule.load(std::memory_order_relaxed);
      if ((entry.locked_key.load(std::memory_order_relaxed) ^ rule) == (address ^ salt_)) [[likely]]
        return std::bit_cast<FrameRule>(rule);
    }
    return internal::LearnFrameRule(address);
  }

  static uint64_t SaltOf(uint32_t generation) { return generation * 0xd6e8feb86659fd93u; }

 private:
  const uint32_t generation_;
  const uint64_t salt_;
};

}  // namespace fdtrace
