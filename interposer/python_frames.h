// The Python frames of the calling thread. It runs no Python code while it is in a call of ours, so they stand still,
// and hold the code objects that they run: no lock is needed, the interpreter's own (the GIL) least of all. Safe in
// signal handlers, where a frame may be half made, and after fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/python_interpreter.h"
#include "interposer/readable_memory.h"

namespace fdtrace {

struct PythonFrame {
  uintptr_t frame;
  uintptr_t code;         // object
  uintptr_t instruction;  // as the layout's Instruction has it
  uint64_t identity;      // of the code object: where it lies, and what tells it from another that lies there later
  bool ends_evaluation;   // outermost in its call of the evaluation function
};

// Fills `room` with frames, innermost first, and returns their number; `truncated` where there are more.
size_t TakePythonFrames(const PythonInterpreter& python, ReadableMemory& memory, std::span<PythonFrame> room,
                        bool& truncated);

}  // namespace fdtrace
