// The part of the text report on calls that were given a descriptor that was not open. Pure.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "5 calls with a descriptor that was not open, from 3 places"; empty where there were none, or in short none but what
// the rules let pass.
std::string BadClosesTitle(const Report& report, bool full);

// Of each of these rows what happened, where it was closed before and where it was opened, and what to do: the first
// few, each by the frame that names it; in full all, with their whole stacks.
std::vector<std::string> BadCloseLines(const Report& report, bool full);

}  // namespace fdtrace
