// The findings for GitHub Actions: annotations, by workflow commands on a step's output, and the step's summary. Pure.
// docs.github.com, "Workflow commands for GitHub Actions".
#pragma once

#include <string>

#include "findings/locations.h"
#include "proto/report.pb.h"

namespace fdtrace {

// A line for each of the eight most severe findings that fail, or where none does of those left, and one that counts
// the rest: GitHub shows ten annotations of a step. Empty where nothing is left.
std::string RenderGithub(const Report& report, const FormOptions& options);

// The report as Markdown; less than the 1,024 KiB at which GitHub drops a summary.
std::string RenderStepSummary(const Report& report, const FormOptions& options);

}  // namespace fdtrace
