// Attributes of Python objects. Other threads may change them while we read, for we hold no lock of the interpreter's:
// what is read may be old, or nothing; it is never taken for what it is not. Safe in signal handlers and after fork.
#pragma once

#include <cstdint>

#include "interposer/python_interpreter.h"
#include "interposer/readable_memory.h"

namespace fdtrace {

// The object that OBJECT has under NAME in its own dictionary; 0: none that is found.
uintptr_t PythonAttribute(const PythonInterpreter& python, ReadableMemory& memory, uintptr_t object, const char* name);

}  // namespace fdtrace
