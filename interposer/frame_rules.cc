#include "interposer/frame_rules.h"

#include <algorithm>
#include <iterator>

#include "interposer/frame_tables.h"
#include "interposer/loaded_objects.h"
#include "interposer/memory.h"

namespace fdtrace {
namespace {

internal::FrameRuleSet::Entry* FreeEntry(internal::FrameRuleSet& set) {
  const auto entry = std::find_if(std::begin(set.entries), std::end(set.entries),
                                  [](const auto& one) { return one.rule.load(std::memory_order_relaxed) == 0; });
  return entry == std::end(set.entries) ? nullptr : entry;
}

void Keep(uintptr_t address, uint64_t key, FrameRule kept) {
  const auto rule = std::bit_cast<uint64_t>(kept);
  auto* entry = FreeEntry(internal::first_frame_rules.SetOf(address));
  if (entry == nullptr) {
    internal::FrameRuleSet& more = internal::more_frame_rules.SetOf(address);
    entry = FreeEntry(more);
    if (entry == nullptr) entry = &more.entries[address % std::size(more.entries)];
  }
  entry->rule.store(rule, std::memory_order_relaxed);
  entry->locked_key.store(key ^ rule, std::memory_order_relaxed);
}

FrameRule Plain(FrameKind kind) {
  FrameRule rule = {};
  rule.kind = kind;
  return rule;
}

template <typename Number>
bool Fits(int64_t value) {
  return static_cast<Number>(value) == value;
}

template <typename Slot>
bool FitsSlot(int64_t offset) {
  return offset % 8 == 0 && Fits<Slot>(offset / 8);
}

// Is the block an expression of so many bytes that begins with frame pointer + offset?
const uint8_t* AddsToFramePointer(int64_t expression, uint8_t bytes, int64_t& offset) {
  constexpr uint8_t kFramePointerPlus = 0x70 + kFramePointer;
  const auto* const block = reinterpret_cast<const uint8_t*>(expression);
  if (block[0] != bytes || block[1] != kFramePointerPlus || (block[2] & 0x80) != 0) return nullptr;
  offset = (block[2] & 0x40) != 0 ? int64_t{block[2]} - 0x80 : int64_t{block[2]};
  return block + 3;
}

// How gcc describes a function that aligns its stack more than its caller does.
bool IsRealigned(const FrameRow& row, int64_t& cfa, int64_t& frame_offset) {
  constexpr uint8_t kDereference = 0x06;
  const uint8_t* const rest = AddsToFramePointer(row.cfa, 3, cfa);
  return rest != nullptr && *rest == kDereference && row.rules[kFramePointer] == RegisterRule::kAtExpression &&
         AddsToFramePointer(row.values[kFramePointer], 2, frame_offset) != nullptr;
}

FrameRule RuleOf(const FrameRow& row) {
  if (row.is_signal_frame) return Plain(FrameKind::kOther);
  if (row.rules[row.return_column] == RegisterRule::kUndefined) return Plain(FrameKind::kOutermost);
  FrameRule rule = {};
  int64_t cfa = row.cfa;
  int64_t frame_offset = row.values[kFramePointer];
  if (row.cfa_is_expression) {
    if (!IsRealigned(row, cfa, frame_offset)) return Plain(FrameKind::kOther);
    rule.kind = FrameKind::kRealigned;
  } else if (row.cfa_register == kStackPointer) {
    rule.kind = FrameKind::kFromStackPointer;
  } else if (row.cfa_register == kFramePointer) {
    rule.kind = FrameKind::kFromFramePointer;
  } else {
    return Plain(FrameKind::kOther);
  }
  const int64_t return_offset = row.values[row.return_column];
  if (!Fits<int32_t>(cfa) || row.rules[row.return_column] != RegisterRule::kAtOffset ||
      !FitsSlot<int8_t>(return_offset) || row.rules[kStackPointer] != RegisterRule::kSame) {
    return Plain(FrameKind::kOther);
  }
  rule.cfa = static_cast<int32_t>(cfa);
  rule.return_slot = static_cast<int8_t>(return_offset / 8);
  const bool is_saved = rule.kind == FrameKind::kRealigned ||
                        (row.rules[kFramePointer] == RegisterRule::kAtOffset && frame_offset / 8 != kInRegister);
  if (is_saved ? !FitsSlot<int16_t>(frame_offset) : row.rules[kFramePointer] != RegisterRule::kSame)
    return Plain(FrameKind::kOther);
  rule.frame_slot = is_saved ? static_cast<int16_t>(frame_offset / 8) : kInRegister;
  return rule;
}

}  // namespace

FDTRACE_LARGE constinit internal::FrameRuleTable<7> internal::first_frame_rules = {};
FDTRACE_LARGE constinit internal::FrameRuleTable<10> internal::more_frame_rules = {};

void ReadyFrameRules() { ReadyPages(&internal::first_frame_rules, sizeof internal::first_frame_rules); }

// Apart from its caller, whose stack may be a signal handler's.
__attribute__((noinline)) FrameRule internal::LearnFrameRule(uintptr_t address) {
  NoticeLoadedObject(address);
  const uint64_t key = address ^ FrameRules::SaltOf(LoadGeneration());
  const LoadedObject* const object = FindLoadedObject(address);
  if (object == nullptr) return Plain(FrameKind::kWithoutTables);  // not kept: an object may be loaded there
  FrameRow row;
  const FrameRule rule = FindFrameRow(*object, address, row) ? RuleOf(row) : Plain(FrameKind::kWithoutTables);
  Keep(address, key, rule);
  return rule;
}

}  // namespace fdtrace
