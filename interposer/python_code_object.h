// What a Python code object says of itself. Safe in signal handlers and after fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/python_frames.h"
#include "interposer/python_text.h"

namespace fdtrace {

class CodeObject {
 public:
  CodeObject(const PythonInterpreter& python, ReadableMemory& memory, uintptr_t code)
      : python_(python), memory_(memory), code_(code) {}

  bool MakesSense() const { return File().MakesSense() && Name().MakesSense(); }

  PythonText File() const { return Text(python_.layout.code_file); }
  PythonText Name() const { return Text(python_.layout.code_name); }  // qualified from 3.11
  uint32_t FirstLine() const;
  // Of the instruction, as PythonFrame has it; 0: none.
  uint32_t Line(uintptr_t instruction) const;

 private:
  uintptr_t Part(uint16_t offset) const { return memory_.Read<uintptr_t>(code_ + offset).value_or(0); }
  PythonText Text(uint16_t offset) const { return PythonText(python_, memory_, Part(offset)); }

  const PythonInterpreter& python_;
  ReadableMemory& memory_;
  uintptr_t code_;
};

}  // namespace fdtrace
