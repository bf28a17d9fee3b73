// The report as one page for a browser, which needs nothing beside it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "proto/report.pb.h"

namespace fdtrace {

// The page with the report in it: JSON as of RenderJson but for what is zero or empty, compressed by gzip, in base64,
// so that no text of the report can be taken for a part of the page. Unimplemented in a build without the page.
absl::StatusOr<std::string> RenderHtml(const Report& report);

}  // namespace fdtrace
