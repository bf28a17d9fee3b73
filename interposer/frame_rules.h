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

template <unsigned bits>
struct FrameRuleTable {
  FrameRuleSet& SetOf(uintptr_t address) { return sets[address * 0x9e3779b97f4a7c15u >> (64 - bits)]; }
  FrameRuleSet sets[size_t{1} << bits];
};
// The first few hundred rules lie in two pages: most processes touch no others, and a forked child copies no others.
extern constinit FrameRuleTable<7> first_frame_rules;
extern constinit FrameRuleTable<10> more_frame_rules;

FrameRule LearnFrameRule(uintptr_t address);

}  // namespace internal

// Before the first walk of a process: the memory that most of them take, at once.
void ReadyFrameRules();

// One generation's rules. What is learnt may begin another one: then a walk has to be made again.
class FrameRules {
 public:
  FrameRules() : generation_(LoadGeneration()), salt_(SaltOf(generation_)) {}

  uint32_t generation() const { return generation_; }
  bool AreValid() const { return LoadGeneration() == generation_; }

  // Learns the rule if need be. `address` is that of an instruction, not of the one it returns to.
  FrameRule At(uintptr_t address) const {
    FrameRule rule;
    if (IsIn(internal::first_frame_rules.SetOf(address), address, rule)) [[likely]]
      return rule;
    if (IsIn(internal::more_frame_rules.SetOf(address), address, rule)) return rule;
    return internal::LearnFrameRule(address);
  }

  static uint64_t SaltOf(uint32_t generation) { return generation * 0xd6e8feb86659fd93u; }

 private:
  bool IsIn(const internal::FrameRuleSet& set, uintptr_t address, FrameRule& found) const {
    for (const auto& entry : set.entries) {
      const uint64_t rule = entry.rule.load(std::memory_order_relaxed);
      found = std::bit_cast<FrameRule>(rule);
      if ((entry.locked_key.load(std::memory_order_relaxed) ^ rule) == (address ^ salt_)) return true;
    }
    return false;
  }

  const uint32_t generation_;
  const uint64_t salt_;
};

}  // namespace fdtrace
