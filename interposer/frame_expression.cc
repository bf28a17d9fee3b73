#include "interposer/frame_expression.h"

#include "interposer/byte_reader.h"

namespace fdtrace {
namespace {

class Evaluation {
 public:
  Evaluation(const Registers& registers, StackMemory& memory) : registers_(registers), memory_(memory) {}

  void Push(uintptr_t value) {
    if (depth_ == kDepth) {
      failed_ = true;
      return;
    }
    stack_[depth_++] = value;
  }

  std::optional<uintptr_t> Run(ByteReader operations) {
    while (!operations.AtEnd() && !failed_) Execute(operations);
    if (failed_ || operations.failed() || depth_ == 0) return std::nullopt;
    return stack_[depth_ - 1];
  }

 private:
  static constexpr size_t kDepth = 16;

  uintptr_t Pop() {
    if (depth_ == 0) {
      failed_ = true;
      return 0;
    }
    return stack_[--depth_];
  }

  void PushRegister(uint64_t number, int64_t offset) {
    if (number >= kRegisters) {
      failed_ = true;
      return;
    }
    Push(registers_.value[number] + static_cast<uintptr_t>(offset));
  }

  void Dereference() {
    uintptr_t value = 0;
    failed_ = failed_ || !memory_.Load(Pop(), value);
    Push(value);
  }

  void Execute(ByteReader& operations);
  void Calculate(uint8_t code);

  const Registers& registers_;
  StackMemory& memory_;
  uintptr_t stack_[kDepth];
  size_t depth_ = 0;
  bool failed_ = false;
};

void Evaluation::Execute(ByteReader& operations) {
  const auto code = operations.Read<uint8_t>();
  if (code >= 0x30 && code <= 0x4f) return Push(code - 0x30u);  // lit0…31
  if (code >= 0x70 && code <= 0x8f) return PushRegister(code - 0x70u, operations.ReadSleb());
  switch (code) {
    case 0x06:
      return Dereference();
    case 0x08:  // const1u, const1s, and so on
      return Push(operations.Read<uint8_t>());
    case 0x09:
      return Push(static_cast<uintptr_t>(operations.Read<int8_t>()));
    case 0x0a:
      return Push(operations.Read<uint16_t>());
    case 0x0b:
      return Push(static_cast<uintptr_t>(operations.Read<int16_t>()));
    case 0x0c:
      return Push(operations.Read<uint32_t>());
    case 0x0d:
      return Push(static_cast<uintptr_t>(operations.Read<int32_t>()));
    case 0x0e:
    case 0x0f:
      return Push(operations.Read<uint64_t>());
    case 0x10:
      return Push(operations.ReadUleb());
    case 0x11:
      return Push(static_cast<uintptr_t>(operations.ReadSleb()));
    case 0x23:  // plus_uconst
      return Push(Pop() + operations.ReadUleb());
    case 0x92: {  // bregx
      const uint64_t number = operations.ReadUleb();
      return PushRegister(number, operations.ReadSleb());
    }
    case 0x96:  // nop
      return;
    default:
      return Calculate(code);
  }
}

void Evaluation::Calculate(uint8_t code) {
  const uintptr_t second = Pop();
  if (code == 0x12) {  // dup
    Push(second);
    return Push(second);
  }
  const uintptr_t first = Pop();
  switch (code) {
    case 0x1a:
      return Push(first & second);
    case 0x1c:
      return Push(first - second);
    case 0x1e:
      return Push(first * second);
    case 0x21:
      return Push(first | second);
    case 0x22:
      return Push(first + second);
    case 0x24:
      return Push(second < 64 ? first << second : 0);
    case 0x25:
      return Push(second < 64 ? first >> second : 0);
    case 0x27:
      return Push(first ^ second);
    case 0x29:  // eq, and so on: of signed numbers
      return Push(static_cast<uintptr_t>(first == second));
    case 0x2a:
      return Push(static_cast<uintptr_t>(static_cast<intptr_t>(first) >= static_cast<intptr_t>(second)));
    case 0x2b:
      return Push(static_cast<uintptr_t>(static_cast<intptr_t>(first) > static_cast<intptr_t>(second)));
    case 0x2c:
      return Push(static_cast<uintptr_t>(static_cast<intptr_t>(first) <= static_cast<intptr_t>(second)));
    case 0x2d:
      return Push(static_cast<uintptr_t>(static_cast<intptr_t>(first) < static_cast<intptr_t>(second)));
    case 0x2e:
      return Push(static_cast<uintptr_t>(first != second));
    default:
      failed_ = true;
  }
}

}  // namespace

std::optional<uintptr_t> EvaluateFrameExpression(int64_t block, const Registers& registers,
                                                 std::optional<uintptr_t> first, StackMemory& memory) {
  // The length fits: whoever found the block has passed over it.
  const auto* const at = reinterpret_cast<const uint8_t*>(block);
  ByteReader length(at, at + 10);
  const uint64_t bytes = length.ReadUleb();
  Evaluation evaluation(registers, memory);
  if (first.has_value()) evaluation.Push(*first);
  return evaluation.Run(ByteReader(length.at(), length.at() + bytes));
}

}  // namespace fdtrace
