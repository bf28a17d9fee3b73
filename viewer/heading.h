// The words by which every form of the report says what ran and how it ended. Pure.
#pragma once

#include <string>

#include "proto/report.pb.h"

namespace fdtrace {

// "./server --port 80", cut to 60 columns; "the program" where the command is not known.
std::string CommandInShort(const Recording& recording);

// "ended with status 3 after 1.2 s", "was killed by SIGTERM after 850 ms".
std::string HowItEnded(const Recording& recording);

}  // namespace fdtrace
