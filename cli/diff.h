// `fdtrace diff`: what changed between two recordings.
#pragma once

#include "cli/options.h"

namespace fdtrace {

// The exit status: that which the options give where something is new or has grown.
int ShowDiff(const DiffOptions& options);

}  // namespace fdtrace
