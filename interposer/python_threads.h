// What Python calls its threads: threading.Thread.name, which the kernel is told from 3.14 on alone. Safe in signal
// handlers and after fork.
#pragma once

#include <span>

#include "interposer/python_frames.h"
#include "interposer/python_text.h"

namespace fdtrace {

// Of the thread that runs these frames, all of them. One that threading did not start has a name that makes no sense.
PythonText PythonThreadName(const PythonInterpreter& python, ReadableMemory& memory,
                            std::span<const PythonFrame> frames);

}  // namespace fdtrace
