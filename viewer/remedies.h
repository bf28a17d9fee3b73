// Commands that free the bytes of a file without a name while the processes that hold it live.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// Each a line for a shell, its warning behind it as a comment. The first alone gives up the file's content; the others
// together close every descriptor of it, and are there only where nothing but descriptors holds it. None where no
// holder's descriptor is alive or where there are no bytes to free.
std::vector<std::string> RemediesFor(const PinnedFile& file);

}  // namespace fdtrace
