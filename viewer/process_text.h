// The processes of a report, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "12 processes: make, gcc ×4, cc1 ×4, …"
std::string ProcessesInShort(const Report& report);

// The tree of ProcessTree in columns, a line of titles first: each process's number, what it opened and what was open
// at its end, its program and command, and how it ended where that is not as usual.
std::vector<std::string> ProcessTreeLines(const Report& report);

}  // namespace fdtrace
