// The findings for people, in Markdown: GitHub's and GitLab's, for summaries and comments. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "findings/locations.h"
#include "proto/report.pb.h"

namespace fdtrace {

// What ran and how it ended; tables of what fails, of what else is left and of tests that left descriptors; the stacks
// of the first twenty; one line for a run without findings. At most MOST_BYTES, for which rows at the ends of the
// tables are left out, and counted. Nothing in the report can become markup.
std::string RenderMarkdown(const Report& report, const FormOptions& options, size_t most_bytes = std::string::npos);

// TEXT as Markdown that shows it as it is, in a paragraph or a table's cell: in one line, without control characters.
std::string EscapedMarkdown(absl::string_view text);

}  // namespace fdtrace
