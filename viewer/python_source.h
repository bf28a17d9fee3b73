// Qualified names of Python functions, as their source has them: code objects before Python 3.11 know only the last
// part of their own. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fdtrace {

// "Exporter.open_part", "main.<locals>.<lambda>": of the code object NAME that begins at FIRST_LINE, which for a
// decorated function is its first decorator's. NAME itself where the source has no such function there.
std::string QualifiedPythonName(absl::string_view source, absl::string_view name, uint32_t first_line);

}  // namespace fdtrace
