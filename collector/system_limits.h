// The system's limits as they hold for a process.
#pragma once

#include <sys/types.h>

#include "collector/model.h"

namespace fdtrace {

// Those of inotify are of the whole system and of each user namespace as well (namespaces(7), /proc/sys/user), which
// can be read of our own alone: of a process in another they are not known.
SystemLimits LimitsOf(pid_t pid);

}  // namespace fdtrace
