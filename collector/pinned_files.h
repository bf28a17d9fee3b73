// The records of files that are pinned: without a name, and held when their last holder ended. Pure.
#pragma once

#include <vector>

#include "collector/tracked_file.h"

namespace fdtrace {

// The one with most bytes comes first.
std::vector<TracePinned> PinnedToTrace(const std::vector<std::shared_ptr<TrackedFile>>& files, const Sites& sites,
                                       const std::vector<MountedOn>& mounted);

}  // namespace fdtrace
