// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fdtrace {

// "18,204"
std::string WithThousands(uint64_t number);

// "1 descriptor", "18,204 descriptors"
std::string Counted(uint64_t number, absl::string_view noun);

// "850 µs", "12.4 s", "3 min 10 s", "2 h 5 min", "3 d 4 h": two or three digits that matter. Negative as 0.
std::string HumanDuration(int64_t duration_ns);

// Of a file whose path is empty.
std::string NameOfUnnamed(bool never_had_one);

// "512 B", "4 KiB", "8.3 MiB", "320 KiB", "1,023 GiB": to the nearest of what is shown; "8.0 MiB" is not quite "8 MiB".
// Negative as 0.
std::string HumanBytes(int64_t bytes);

}  // namespace fdtrace
