// The line of source that an instruction of Python code belongs to. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "interposer/python_layout.h"

namespace fdtrace {

// `offset`: of the instruction in its code, in bytes; before the first instruction it may be negative. A table that
// ends early gives the line that it came to; 0: the instruction belongs to no line.
uint32_t PythonLine(LineTable kind, std::span<const unsigned char> table, uint32_t first_line, int64_t offset);

}  // namespace fdtrace
