// The lines of a text report on descriptors that Python closed with the objects that had them.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// Empty where there is nothing to tell.
std::string CollectedInShort(const Report& report);

std::vector<std::string> CollectedLines(const Report& report);

}  // namespace fdtrace
