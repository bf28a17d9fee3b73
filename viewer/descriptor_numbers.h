// Numbers of descriptors for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fdtrace {

// "fd 3", "fds 3, 7-19, 24": of NUMBERS in any order, each once, three and more in a row as a range. What goes beyond
// MOST numbers and ranges is counted: "fds 3, 5, … (60 more)".
std::string DescriptorNumbers(std::vector<int64_t> numbers, size_t most);

}  // namespace fdtrace
