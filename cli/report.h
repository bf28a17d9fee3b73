// `fdtrace report` and `fdtrace merge`: show recordings again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/options.h"
#include "proto/report.pb.h"

namespace fdtrace {

// Of files within the current directory, the forms for CI systems show relative paths.
absl::StatusOr<std::string> Render(const Report& report, ReportFormat format, bool colours = false);

// Appends REPORT to the file that GitHub Actions shows as its step's summary; nothing where $GITHUB_STEP_SUMMARY does
// not name one.
absl::Status AppendStepSummary(const Report& report);

// The exit status. A trace that was cut short is reported up to the damage, with a note; one that is no trace, or is of
// a newer version, is an error.
int ShowReport(const ReportOptions& options);

// The same of many recordings, as one.
int ShowMerged(const MergeOptions& options);

}  // namespace fdtrace
