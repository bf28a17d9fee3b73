// What each ending of programs/endings.c must come to: checked once in detail, and hundreds of times for exactness.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {

struct Ending {
  std::string how;
  int status = 0;       // of fdtrace
  uint32_t signal = 0;  // that ended the program
  int processes = 1;    // that opened or closed something: a mere step of a double fork says nothing
  uint32_t opened = 0;
  uint32_t leaked_first = 0;  // still open of those opened in opens_first, and in opens_later
  uint32_t leaked_later = 0;
};

inline void PrintTo(const Ending& ending, std::ostream* out) { *out << ending.how; }

const std::vector<Ending>& Endings();

Traced TraceEnding(const Ending& ending);

// In what the report is not exactly this, with the report; empty when it is.
std::string Differences(const Ending& ending, const Traced& traced);

}  // namespace fdtrace
