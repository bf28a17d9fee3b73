// The report for programs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "proto/report.pb.h"

namespace fdtrace {

// The canonical protobuf JSON with the field names of report.proto, every field present, indented, with a newline at
// its end. Fails only for text that is not UTF-8, which BuildReport does not make.
absl::StatusOr<std::string> RenderJson(const Report& report);

}  // namespace fdtrace
