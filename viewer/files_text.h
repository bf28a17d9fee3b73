// Files left behind, and the code that made files grow, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "40 files, 320 KiB, that it made and did not remove"; empty when there are none. A summary counts and shows only what
// was left in directories for temporary files: the rest is what programs are run for.
std::string LeftoversTitle(const Report& report, bool full);
std::vector<std::string> LeftoverLines(const Report& report, bool full);

// "6.3 MiB added to 2 files"; empty when there are none, or in a summary no large ones.
std::string WritersTitle(const Report& report, bool full);
std::vector<std::string> WriterLines(const Report& report, bool full);

}  // namespace fdtrace
