#include "cli/report.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/browser.h"
#include "cli/console.h"
#include "cli/output_file.h"
#include "findings/finding.h"
#include "findings/github.h"
#include "findings/gitlab.h"
#include "findings/junit.h"
#include "findings/markdown.h"
#include "findings/merge.h"
#include "findings/rules.h"
#include "findings/sarif.h"
#include "findings/stored_report.h"
#include "viewer/html.h"
#include "viewer/json.h"
#include "viewer/report_builder.h"
#include "viewer/sources.h"
#include "viewer/text.h"
#include "viewer/trace.h"

namespace fdtrace {
namespace {

// Judges REPORT, and writes it where the options say.
int Deliver(Report report, const Ruling& ruling, const ReportOptions& options) {
  Judge(ruling, report);
  const bool to_stdout = options.output.empty();
  const auto text = Render(report, options.format, to_stdout && ColoursOn(STDOUT_FILENO));
  if (!text.ok()) return Complain(text.status());
  const absl::Status written = to_stdout ? WriteToStdout(*text) : WriteWhole(options.output, *text);
  if (!written.ok()) return Complain(written);
  if (options.format == ReportFormat::kGithub) {
    if (const absl::Status appended = AppendStepSummary(report); !appended.ok()) return Complain(appended);
  }
  const absl::Status opened = options.open ? OpenInBrowser(options.output) : absl::OkStatus();
  return opened.ok() ? JudgedStatus(report, EXIT_SUCCESS) : Complain(opened);
}

FormOptions CurrentForm() {
  std::error_code error;  // a directory that was removed has no path
  return {.source_root = std::filesystem::current_path(error).string()};
}

}  // namespace

absl::Status AppendStepSummary(const Report& report) {
  const char* const path = getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return absl::OkStatus();
  // Other steps' words may end in the middle of a line.
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << "\n" << RenderStepSummary(report, CurrentForm()) << std::flush;
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot append the step's summary to ", path, ": ", strerror(errno)));
}

absl::StatusOr<std::string> Render(const Report& report, ReportFormat format, bool colours) {
  switch (format) {
    case ReportFormat::kText:
      return RenderText(report, {.full = true, .colours = colours});
    case ReportFormat::kJson:
      return RenderJson(report);
    case ReportFormat::kHtml:
      return RenderHtml(report);
    case ReportFormat::kSarif:
      return RenderSarif(report, CurrentForm());
    case ReportFormat::kJunit:
      return RenderJunit(report, CurrentForm());
    case ReportFormat::kGithub:
      return RenderGithub(report, CurrentForm());
    case ReportFormat::kGitlab:
      return RenderGitlab(report, CurrentForm());
    case ReportFormat::kMarkdown:
      return RenderMarkdown(report, CurrentForm());
  }
  return absl::InternalError("cannot render a format that is not in the table");
}

int ShowReport(const ReportOptions& options) {
  const auto ruling = MakeRuling(options.rules);
  if (!ruling.ok()) return Complain(ruling.status());
  const auto trace = ReadTrace(options.trace, options.redact ? Secrets::kRedacted : Secrets::kShown);
  if (!trace.ok()) return Complain(trace.status());
  Report report = BuildReport(*trace, options.frames);
  if (options.sources) AddSources(*trace, report);
  return Deliver(std::move(report), *ruling, options);
}

int ShowMerged(const MergeOptions& options) {
  const auto ruling = MakeRuling(options.report.rules);
  if (!ruling.ok()) return Complain(ruling.status());
  std::vector<Report> reports;
  for (const std::string& recording : options.recordings) {
    auto report = ReadStoredReport(recording);
    if (!report.ok()) return Complain(report.status());
    reports.push_back(*std::move(report));
  }
  return Deliver(Merge(std::move(reports)), *ruling, options.report);
}

}  // namespace fdtrace
