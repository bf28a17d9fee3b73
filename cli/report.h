// `fdtrace report` and `fdtrace merge`: show recordings again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/options.h"
#include "proto/report.pb.h"

namespace fdtrace {

absl::StatusOr<std::string> Render(const Report& report, ReportFormat format, bool colours = false);

// The exit status. A trace that was cut short is reported up to the damage, with a note; one that is no trace, or is of
// a newer version, is an error.
int ShowReport(const ReportOptions& options);

// The same of many recordings, as one.
int ShowMerged(const MergeOptions& options);

}  // namespace fdtrace
