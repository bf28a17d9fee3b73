// A report that the user asked for: `[FORMAT:]FILE`, the format by its name or by the file's extension.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

enum class ReportFormat { kText, kJson, kHtml, kSarif, kJunit, kGithub, kGitlab, kMarkdown };

struct ReportFile {
  ReportFormat format = ReportFormat::kText;
  std::string path;
};

// Errors say which formats there are; InvalidArgument, or Unimplemented for one that this fdtrace cannot write.
absl::StatusOr<ReportFile> ParseReportFile(absl::string_view argument);

// By its name: "text", "json", "html", "sarif", "junit", "github", "gitlab", "markdown".
absl::StatusOr<ReportFormat> ParseReportFormat(absl::string_view name);

}  // namespace fdtrace
