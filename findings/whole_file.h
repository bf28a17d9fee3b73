#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace fdtrace {

// All bytes of a file, which may be a pipe. The error names it: "cannot read FILE: REASON".
absl::StatusOr<std::string> ReadWhole(const std::string& path);

}  // namespace fdtrace
