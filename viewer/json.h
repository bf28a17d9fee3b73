// The report, or another message of ours, for programs.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace fdtrace {

// The canonical protobuf JSON with the proto field names, every field present, indented, with a newline at
// its end. Fails only for text that is not UTF-8, which BuildReport does not make.
absl::StatusOr<std::string> RenderJson(const google::protobuf::Message& message);

}  // namespace fdtrace
