// Files without a name that were held, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// "28 MiB pinned"; empty when nothing is.
std::string PinnedInShort(const Report& report);

// "28 MiB of disk in 7 files without a name were held to the end: du did not show them"; empty when there is nothing to
// tell. A summary tells of what is gone by the end only where that was much.
std::string PinnedTitle(const Report& report, bool full);

// For each file its bytes and path, where it was opened and removed, who held it, and what frees it while they live.
// Files of one place are told together; in full each of them too, up to twenty, and whole stacks. Then when most bytes
// were held.
std::vector<std::string> PinnedLines(const Report& report, bool full);

}  // namespace fdtrace
