// `fdtrace stop`: ends the recording that `fdtrace start` began, and tells what was left open.
#pragma once

#include "cli/options.h"

namespace fdtrace {

// The exit status: 0, or 125 when there is nothing to stop (said with what to do) or an output could not be written.
// Nothing is stopped unless the trace and every report can be written. Processes of the recording that still run go on,
// unrecorded.
int Stop(const StopOptions& options);

}  // namespace fdtrace
