// Names with how many there are of each.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fdtrace {

// "make, gcc ×4, as, …": each of NAMES once, the first of them first, then the most frequent; no more than MOST.
std::string TallyOf(const std::vector<std::string>& names, size_t most);

}  // namespace fdtrace
