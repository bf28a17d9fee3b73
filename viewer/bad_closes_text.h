// The part of the text report on calls that were given a descriptor that was not open. Pure.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "5 calls with descriptors that were not open, from 3 places"; empty where there were none.
std::string BadClosesTitle(const Report& report);

// Of each row what happened, where it was closed before and where it was opened, and what to do: the first few, each by
// the frame that names it; in full all, with their whole stacks.
std::vector<std::string> BadCloseLines(const Report& report, bool full);

}  // namespace fdtrace
