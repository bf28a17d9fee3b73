// fdtrace itself, among the processes of a recording.
#pragma once

#include "collector/procfs.h"

namespace fdtrace {

// Whether PROCESS runs the file that we run, by device and inode. False where that may not be read.
bool RunsOurProgram(const ProcessDirectory& process);

}  // namespace fdtrace
