// Which of the files that a program made are still there.
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "collector/model.h"

namespace fdtrace {

struct LookedFor {
  std::vector<std::pair<CreatedFile, FileFacts>>
      there;               // `path`: the name by which it was found, which may be a symbolic link to it
  size_t not_reached = 0;  // because the limit was over
};

// Returns within LIMIT, though a file system should never answer.
LookedFor LookFor(std::vector<CreatedFile> files, std::chrono::nanoseconds limit);

}  // namespace fdtrace
