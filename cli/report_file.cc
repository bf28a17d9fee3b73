// One table tells names, extensions and what this version can write.
#include "cli/report_file.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

struct KnownFormat {
  absl::string_view name;
  absl::string_view extension;  // empty: by name only
  std::optional<ReportFormat> format;
};

// Built without node, fdtrace has no page.
#ifdef FDTRACE_WITHOUT_PAGE
constexpr std::optional<ReportFormat> kHtml = std::nullopt;
constexpr absl::string_view kWhatToDo =
    "this fdtrace was built without the page (-Dpage=disabled) and writes text (.txt), json (.json), sarif (.sarif), "
    "markdown (.md), junit, github and gitlab";
#else
constexpr std::optional<ReportFormat> kHtml = ReportFormat::kHtml;
constexpr absl::string_view kWhatToDo =
    "this version writes text (.txt), json (.json), html (.html), sarif (.sarif), markdown (.md), junit, github and "
    "gitlab";
#endif

constexpr std::array<KnownFormat, 8> kFormats = {{
    {"text", ".txt", ReportFormat::kText},
    {"json", ".json", ReportFormat::kJson},
    {"html", ".html", kHtml},
    {"sarif", ".sarif", ReportFormat::kSarif},
    {"markdown", ".md", ReportFormat::kMarkdown},
    {"junit", "", ReportFormat::kJunit},
    {"github", "", ReportFormat::kGithub},
    {"gitlab", "", ReportFormat::kGitlab},
}};

const KnownFormat* FormatNamed(absl::string_view name) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& known) { return known.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

const KnownFormat* FormatOfFile(absl::string_view path) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& known) {
    return !known.extension.empty() && absl::EndsWith(path, known.extension);
  });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace

absl::StatusOr<ReportFile> ParseReportFile(absl::string_view argument) {
  const size_t colon = argument.find(':');
  const KnownFormat* known = colon == argument.npos ? nullptr : FormatNamed(argument.substr(0, colon));
  const absl::string_view path = known != nullptr ? argument.substr(colon + 1) : argument;
  if (known == nullptr) known = FormatOfFile(path);
  if (path.empty()) return absl::InvalidArgumentError("cannot write a report: it has no file name; write text:FILE");
  if (known == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path,
                                                   ": its name does not tell the format; write text:", path,
                                                   " or json:", path, "; ", kWhatToDo));
  }
  if (!known->format) {
    return absl::UnimplementedError(absl::StrCat("cannot write ", path, ": the ", known->name,
                                                 " report is not available in this version; ", kWhatToDo));
  }
  return ReportFile{*known->format, std::string(path)};
}

absl::StatusOr<ReportFormat> ParseReportFormat(absl::string_view name) {
  const KnownFormat* known = FormatNamed(name);
  if (known != nullptr && known->format) return *known->format;
  return absl::InvalidArgumentError(absl::StrCat("cannot write the format ", name, ": ",
                                                 known != nullptr ? "it is not available in this version" : "unknown",
                                                 "; ", kWhatToDo));
}

}  // namespace fdtrace
