// Calls that failed for want of descriptors or space, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "6 calls failed for want of descriptors, 1 for want of space"; empty when none did.
std::string FailuresTitle(const Report& report);

// For each place where calls failed what it was, why, and who had taken what was missing. In full all places, and the
// whole stack of each.
std::vector<std::string> FailureLines(const Report& report, bool full);

}  // namespace fdtrace
