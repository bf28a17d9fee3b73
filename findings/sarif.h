// The findings for code scanning: SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Pure.
#pragma once

#include <string>

#include "findings/locations.h"
#include "proto/report.pb.h"

namespace fdtrace {

// JSON of one run, one result for each finding, also for those that were suppressed. Where there are more results or
// longer stacks than GitHub takes, the most severe and the innermost are kept, and a notification tells of the rest.
// Bytes that are not UTF-8 are replaced.
std::string RenderSarif(const Report& report, const FormOptions& options);

}  // namespace fdtrace
