// Python's strings, as UTF-8. Safe in signal handlers and after fork.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "interposer/python_interpreter.h"
#include "interposer/readable_memory.h"

namespace fdtrace {

class PythonText {
 public:
  PythonText(const PythonInterpreter& python, ReadableMemory& memory, uintptr_t object);

  // It is a str, and all of it can be read.
  bool MakesSense() const { return characters_ != 0; }

  // Cut to fit; bytes of file names that were none in the encoding of the file system are such bytes again. Returns the
  // number of bytes, 0 where it makes no sense.
  size_t Copy(std::span<unsigned char> room) const;

  bool Equals(const char* ascii) const;

 private:
  uint32_t At(size_t index) const;

  uintptr_t characters_ = 0;
  size_t length_ = 0;
  uint32_t width_ = 1;  // of a character, in bytes
};

}  // namespace fdtrace
