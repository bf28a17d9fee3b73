#include "interposer/stack_walk.h"

#include <algorithm>
#include <optional>

#include "interposer/frame_expression.h"
#include "interposer/frame_rules.h"
#include "interposer/frame_tables.h"
#include "interposer/loaded_objects.h"
#include "interposer/readable_address.h"
#include "interposer/registers.h"

namespace fdtrace {
namespace {

// Code without tables, as a JIT makes it: if it keeps a chain of frame pointers, the next one lies a little above us.
// The kernel is asked each time, for nothing says that it is one.
bool FollowFramePointer(FrameState& at) {
  constexpr uintptr_t kLargestFrame = uintptr_t{16} * 1024;
  constexpr uintptr_t kWord = sizeof(uintptr_t);
  const uintptr_t frame = at.frame;
  if (frame % kWord != 0 || frame < at.stack || frame - at.stack > kLargestFrame) return false;
  const auto* const saved = reinterpret_cast<const uintptr_t*>(frame);
  if (!IsReadable(saved) || !IsReadable(saved + 1)) return false;
  at = {.next = WithoutSignature(saved[1]), .stack = frame + 2 * kWord, .frame = saved[0]};
  return at.next != 0;
}

// From `at` to its caller, and what that was found by. False: there is none.
inline __attribute__((always_inline)) bool Follow(FrameRule rule, StackMemory& memory, FrameState& at, WalkStep& step) {
  const auto slot = [](uintptr_t base, int64_t number) { return base + static_cast<uintptr_t>(number * 8); };
  const auto load = [&](uintptr_t address, const uintptr_t*& from, uintptr_t& word) {
    from = reinterpret_cast<const uintptr_t*>(address);
    return memory.Load(address, word);
  };
  step.from = at;
  step.by_frame = rule.kind != FrameKind::kFromStackPointer;
  uintptr_t cfa = rule.kind == FrameKind::kFromStackPointer ? at.stack : at.frame;
  cfa += static_cast<uintptr_t>(intptr_t{rule.cfa});
  const bool is_realigned = rule.kind == FrameKind::kRealigned;
  if (is_realigned && !memory.Load(cfa, cfa)) return false;
  if (cfa <= at.stack || cfa % sizeof(uintptr_t) != 0) return false;
  if (!load(slot(cfa, rule.return_slot), step.return_slot, step.return_word)) return false;
  step.frame_slot = step.return_slot;
  step.frame_word = step.return_word;
  if (is_realigned || rule.frame_slot != kInRegister) {
    if (!load(slot(is_realigned ? at.frame : cfa, rule.frame_slot), step.frame_slot, step.frame_word)) return false;
    at.frame = step.frame_word;
  }
  at.next = step.returns_to();
  at.stack = cfa;
  return at.next != 0;
}

std::optional<uintptr_t> CfaOf(const FrameRow& row, const Registers& registers, StackMemory& memory) {
  if (row.cfa_is_expression) return EvaluateFrameExpression(row.cfa, registers, std::nullopt, memory);
  if (row.cfa_register >= kRegisters) return std::nullopt;
  return registers.value[row.cfa_register] + static_cast<uintptr_t>(row.cfa);
}

std::optional<uintptr_t> Loaded(std::optional<uintptr_t> from, StackMemory& memory) {
  uintptr_t word = 0;
  if (!from.has_value() || !memory.Load(*from, word)) return std::nullopt;
  return word;
}

// The caller's register `number`. Null: it cannot be known.
std::optional<uintptr_t> CallersRegister(const FrameRow& row, size_t number, uintptr_t cfa, const Registers& registers,
                                         StackMemory& memory) {
  const int64_t value = row.values[number];
  const uintptr_t at_offset = cfa + static_cast<uintptr_t>(value);
  switch (row.rules[number]) {
    case RegisterRule::kSame:
      return number == kStackPointer ? cfa : registers.value[number];
    case RegisterRule::kUndefined:
      return 0;
    case RegisterRule::kAtOffset:
      return Loaded(at_offset, memory);
    case RegisterRule::kOffset:
      return at_offset;
    case RegisterRule::kRegister:
      if (static_cast<uint64_t>(value) >= kRegisters) return std::nullopt;
      return registers.value[value];
    case RegisterRule::kAtExpression:
      return Loaded(EvaluateFrameExpression(value, registers, cfa, memory), memory);
    case RegisterRule::kExpression:
      return EvaluateFrameExpression(value, registers, cfa, memory);
  }
  return std::nullopt;
}

bool Follow(const FrameRow& row, StackMemory& memory, Registers& registers) {
  const std::optional<uintptr_t> cfa = CfaOf(row, registers, memory);
  const RegisterRule returns = row.rules[row.return_column];
  if (!cfa.has_value() || returns == RegisterRule::kUndefined) return false;
  if (returns == RegisterRule::kSame && !kReturnsInRegister) return false;
  Registers callers = {};
  for (size_t number = 0; number < kRegisters; ++number) {
    // A register that is lost may be one that nobody asks for.
    callers.value[number] = CallersRegister(row, number, *cfa, registers, memory).value_or(0);
  }
  const bool stands_still = callers.value[kStackPointer] == registers.value[kStackPointer] &&
                            callers.value[row.return_column] == registers.next;
  callers.next = WithoutSignature(callers.value[row.return_column]);
  if (!kReturnsInRegister) callers.value[kReturnColumn] = callers.next;
  registers = callers;
  return registers.next != 0 && !stands_still;
}

bool FollowWithoutTables(Registers& registers) {
  FrameState at = {
      .next = registers.next, .stack = registers.value[kStackPointer], .frame = registers.value[kFramePointer]};
  if (!FollowFramePointer(at)) return false;
  registers.next = at.next;
  registers.value[kStackPointer] = at.stack;
  registers.value[kFramePointer] = at.frame;
  registers.value[kReturnColumn] = at.next;
  return true;
}

bool FindRow(uintptr_t address, FrameRow& row) {
  NoticeLoadedObject(address);
  const LoadedObject* const object = FindLoadedObject(address);
  return object != nullptr && FindFrameRow(*object, address, row);
}

}  // namespace

Walk internal::WalkByRules(const Registers& registers, StackMemory& memory, WalkMemory& last, std::span<void*> frames) {
  const FrameRules rules;
  last.Begin(rules.generation());
  StackMemory known = memory;  // where the compiler sees that nobody else changes it
  FrameState at = {
      .next = registers.next, .stack = registers.value[kStackPointer], .frame = registers.value[kFramePointer]};
  uintptr_t instruction = registers.next;
  Walk walk;
  bool has_ended = false;
  std::span<const WalkStep> rest;
  while (walk.count < frames.size() && rest.empty()) {
    const FrameRule rule = rules.At(instruction);
    if (rule.kind >= FrameKind::kOutermost) [[unlikely]] {
      has_ended = rule.kind == FrameKind::kOutermost;
      if (rule.kind == FrameKind::kOther) return {};
      if (has_ended || !FollowFramePointer(at)) break;
      last.DoNotRemember();
    } else {
      WalkStep& step = last.Add();
      if (!Follow(rule, known, at, step)) break;
      if (rule.kind == FrameKind::kRealigned || !step.IsWithinFrame()) [[unlikely]]
        last.DoNotRemember();
    }
    frames[walk.count++] = reinterpret_cast<void*>(at.next);
    instruction = at.next - 1;  // the call's
    rest = last.Rest(at, known);
  }
  memory = known;
  if (!rules.AreValid()) return {};
  const std::span<const WalkStep> shown = rest.first(std::min(rest.size(), frames.size() - walk.count));
  if (shown.size() == rest.size() && (has_ended || !rest.empty())) walk.steps = last.End(rest);
  if (walk.steps.empty()) {
    for (const WalkStep& step : shown) frames[walk.count++] = reinterpret_cast<void*>(step.returns_to());
  } else {
    walk.count = walk.steps.size();
  }
  return walk;
}

// Apart from its caller: rows need room on the stack.
__attribute__((noinline)) Walk internal::WalkByRows(Registers registers, StackMemory& memory, std::span<void*> frames) {
  uintptr_t instruction = registers.next;
  Walk walk;
  while (walk.count < frames.size()) {
    FrameRow row;
    bool interrupted = false;
    if (FindRow(instruction, row)) {
      if (!Follow(row, memory, registers)) break;
      interrupted = row.is_signal_frame;
    } else if (!FollowWithoutTables(registers)) {
      break;
    }
    frames[walk.count++] = reinterpret_cast<void*>(registers.next + (interrupted ? 1 : 0));
    instruction = registers.next - (interrupted ? 0 : 1);
  }
  return walk;
}

Walk WalkStack(StackMemory& memory, WalkMemory& last, std::span<void*> frames) {
  const Registers own = OwnRegisters();
  const Walk walk = internal::WalkByRules(own, memory, last, frames);
  return walk.count != 0 ? walk : internal::WalkByRows(own, memory, frames);
}

}  // namespace fdtrace
