// The system's limits as they hold for a process.
#pragma once

#include <sys/types.h>

#include "collector/model.h"

namespace fdtrace {

// Those of inotify are of a user namespace, and can be read of our own alone: of a process in another they are not
// known.
SystemLimits LimitsOf(pid_t pid);

}  // namespace fdtrace
