// The line of a file of suppressions that stands for a row of the report. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "viewer/frames.h"

namespace fdtrace {

// "leak:" for the KIND "leak", and the whole name, as the report shows it, of the function that the text report names
// the row by. Empty where that has no name, and where it is the C library's: such a line would suppress the leaks of
// others too.
std::string SuppressionLine(absl::string_view kind, const Frames& stack);

}  // namespace fdtrace
