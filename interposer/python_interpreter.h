// The CPython of this process, as far as its frames can be read. Safe in signal handlers and after fork.
//
//  - Found by what its object exports when that object is listed; nothing of the program's is called for that but
//    Py_GetVersion of versions before 3.11, which prints into memory of its own.
//  - Of a process with several, the first.
#pragma once

#include <cstdint>

#include "interposer/loaded_objects.h"
#include "interposer/python_layout.h"

namespace fdtrace {

// Why its frames are not read; as UnreadPython::Reason in proto/event.proto.
enum class PythonDoubt : uint8_t { kNone, kUnknownVersion, kDebugBuild, kFreeThreaded, kUnexpected };

struct PythonInterpreter {
  const LoadedObject* object;
  uintptr_t evaluation_begin;  // of the function that runs Python code
  uintptr_t evaluation_end;
  void* (*thread_state)();  // of the calling thread; null where it runs no Python
  int (*is_ending)();       // null in 3.6, where
  void* const* ending;      // is not null once it ends
  bool is_program;          // what the process runs, and not a part of another program, which may go on without it
  uintptr_t code_type;
  uintptr_t text_type;
  PythonLayout layout;
  char version[16];
  PythonDoubt doubt;

  bool Evaluates(uintptr_t address) const { return address >= evaluation_begin && address < evaluation_end; }
};

// An object has been listed.
void NoticePython(const LoadedObject& object);

// Null where there is none.
const PythonInterpreter* PythonOfProcess();

// The same if its frames can be read.
inline const PythonInterpreter* ReadablePython() {
  const PythonInterpreter* const python = PythonOfProcess();
  return python != nullptr && python->doubt == PythonDoubt::kNone ? python : nullptr;
}

// The calling thread runs the end of the Python (Py_Finalize) that the process was there for: what is closed there, the
// program had kept until then.
bool PythonIsEnding();

// What was read has made sense, or has not. Unless it once has, it is not read again.
void PythonMadeSense();
void PythonMadeNoSense();

}  // namespace fdtrace
