// Whose recording it is that `fdtrace start` begins: see start.h for the rule.
#pragma once

#include <sys/types.h>

#include <vector>

#include "collector/procfs.h"

namespace fdtrace {

// The processes that keep a recording going which process STARTER asks for, by running us: one or two.
std::vector<ProcessWatch> KeepersFor(pid_t starter);

}  // namespace fdtrace
