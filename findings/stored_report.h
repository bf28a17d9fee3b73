// A report from a file: a trace, or what `-r FILE.json` wrote.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "proto/report.pb.h"

namespace fdtrace {

// Errors name the file and say what it should be. A JSON report of a later version gives what this one knows of it.
absl::StatusOr<Report> ReadStoredReport(const std::string& path);

}  // namespace fdtrace
