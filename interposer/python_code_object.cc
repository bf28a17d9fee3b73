#include "interposer/python_code_object.h"

#include "interposer/python_lines.h"

namespace fdtrace {

uint32_t CodeObject::FirstLine() const {
  return memory_.Read<uint32_t>(code_ + python_.layout.code_first_line).value_or(0);
}

uint32_t CodeObject::Line(uintptr_t instruction) const {
  constexpr size_t kLongestTable = 16 << 20;
  const PythonLayout& layout = python_.layout;
  const uintptr_t lines = Part(layout.code_lines);
  const auto length = memory_.Read<size_t>(lines + kBytesLength).value_or(kLongestTable);
  if (length >= kLongestTable || (length > 0 && !memory_.Covers(lines + kBytesContent, length))) return 0;
  int64_t offset = static_cast<int32_t>(instruction);
  if (layout.instruction == Instruction::kWordOffset) offset *= 2;
  if (layout.instruction == Instruction::kAddress) {
    offset = static_cast<int64_t>(instruction) - layout.code_instructions;
  }
  return PythonLine(layout.lines, {reinterpret_cast<const unsigned char*>(lines + kBytesContent), length}, FirstLine(),
                    offset);
}

}  // namespace fdtrace
