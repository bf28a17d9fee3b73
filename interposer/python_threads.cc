#include "interposer/python_threads.h"

#include "interposer/python_code_object.h"
#include "interposer/python_objects.h"

namespace fdtrace {

// A thread begins in Thread._bootstrap, whose frame holds the thread as its first local variable.
PythonText PythonThreadName(const PythonInterpreter& python, ReadableMemory& memory,
                            std::span<const PythonFrame> frames) {
  const PythonText none(python, memory, 0);
  if (frames.empty()) return none;
  const PythonText function = CodeObject(python, memory, frames.back().code).Name();
  if (!function.Equals("Thread._bootstrap") && !function.Equals("_bootstrap")) return none;
  const uintptr_t thread = memory.Read<uintptr_t>(frames.back().frame + python.layout.frame_locals).value_or(0);
  return thread == 0 ? none : PythonText(python, memory, PythonAttribute(python, memory, thread, "_name"));
}

}  // namespace fdtrace
