// All that can be done with a report that came from elsewhere.
#pragma once

#include "proto/report.pb.h"

namespace fdtrace {

// Judges it, against itself as a baseline too; shows it in every form; compares and merges it with itself. Aborts where
// what comes out of it is at odds with itself.
void UseReport(const Report& report);

}  // namespace fdtrace
