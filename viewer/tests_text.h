// Which tests left descriptors open, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "2 of 10 left descriptors open"; empty when there were no tests.
std::string TestsTitle(const Report& report);

// A line for each test that left some open, with the first place where it opened them: ten tests, or in full all of
// them with every place.
std::vector<std::string> TestLines(const Report& report, bool full);

}  // namespace fdtrace
