// How many descriptors the process has open, without listing them. Safe in signal handlers and after fork.
#pragma once

#include <cstdint>

namespace fdtrace {

// As the size of /proc/self/fd tells since Linux 6.2; before that, 0. -1 where that is none of the kernel's
// directories.
int64_t CountOpen();

}  // namespace fdtrace
