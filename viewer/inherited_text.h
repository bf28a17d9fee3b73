// What programs received for want of CLOEXEC, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "6 descriptors that programs received for want of CLOEXEC"; empty when there were none but the caller's.
std::string InheritedInShort(const Report& report);

// A line for each opener and program, then one for each program that fdtrace's caller passed something to.
std::vector<std::string> InheritedLines(const Report& report);

}  // namespace fdtrace
