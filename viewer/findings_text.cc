#include "viewer/findings_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr int kSummaryLines = 10;

std::string LineOf(const Suppression& rule) {
  std::string line = absl::StrCat("  ", WithThousands(rule.count()), " by ", rule.line(), " (", rule.source());
  if (!rule.reason().empty()) absl::StrAppend(&line, ": ", rule.reason());
  return absl::StrCat(line, ")");
}

void AddSuppressed(const Report& report, bool full, std::vector<std::string>& lines) {
  uint64_t suppressed = 0;
  int rules = 0;
  for (const Suppression& rule : report.suppressions()) {
    suppressed += rule.count();
    rules += rule.count() > 0 ? 1 : 0;
  }
  if (rules > 0) lines.push_back(absl::StrCat("suppressed: ", WithThousands(suppressed)));
  int shown = 0;
  for (const Suppression& rule : report.suppressions()) {
    if (rule.count() == 0 || (!full && shown == kSummaryLines)) continue;
    lines.push_back(LineOf(rule));
    ++shown;
  }
  if (shown < rules) lines.push_back(absl::StrCat("  … and by ", Counted(rules - shown, "more line")));
  std::vector<std::string> unused;
  for (const Suppression& rule : report.suppressions()) {
    if (rule.count() == 0) unused.push_back(absl::StrCat(rule.line(), " (", rule.source(), ")"));
  }
  if (!unused.empty()) {
    lines.push_back(absl::StrCat("suppressed nothing, and may go: ", absl::StrJoin(unused, ", ")));
  }
}

void AddBaseline(const Report& report, std::vector<std::string>& lines) {
  if (report.rules().baseline().empty()) return;
  uint64_t allowed = 0;
  uint64_t fresh = 0;
  uint64_t grown = 0;
  for (const Finding& finding : report.findings()) {
    allowed += finding.allowed();
    fresh += finding.baseline() == Finding::NEW && finding.left() > 0 ? 1 : 0;
    grown += finding.baseline() == Finding::GROWN && finding.left() > 0 ? 1 : 0;
  }
  lines.push_back(absl::StrCat("baseline ", report.rules().baseline(), ": ", WithThousands(allowed), " allowed; ",
                               Counted(fresh, "finding"), fresh == 1 ? " is" : " are", " new, ", WithThousands(grown),
                               " grown"));
}

std::vector<const Finding*> FindingsOf(const Report& report, absl::string_view kind, int rows) {
  std::vector<const Finding*> findings(static_cast<size_t>(rows));
  for (const Finding& finding : report.findings()) {
    if (finding.kind() == kind && finding.row() < findings.size()) findings[finding.row()] = &finding;
  }
  return findings;
}

}  // namespace

std::vector<const Finding*> LeakFindings(const Report& report) {
  return FindingsOf(report, "leak", report.leaks_size());
}

std::vector<const Finding*> BadCloseFindings(const Report& report) {
  return FindingsOf(report, "close", report.bad_closes_size());
}

std::string NotLeft(const Finding& finding) {
  std::vector<std::string> parts;
  if (finding.suppressed() > 0) parts.push_back(absl::StrCat(WithThousands(finding.suppressed()), " suppressed"));
  if (finding.allowed() > 0) {
    parts.push_back(absl::StrCat(WithThousands(finding.allowed()), " allowed by the baseline"));
  }
  if (finding.too_young() > 0) parts.push_back(absl::StrCat(WithThousands(finding.too_young()), " too young"));
  return absl::StrJoin(parts, ", ");
}

std::string VerdictLine(const Report& report) {
  if (report.rules().error_exitcode() == 0) return {};
  const auto failing = static_cast<uint64_t>(std::count_if(report.findings().begin(), report.findings().end(),
                                                           [](const Finding& finding) { return finding.fails(); }));
  if (failing == 0) {
    return absl::StrCat("no finding fails the run",
                        report.recording().complete() ? "" : ", but the recording is not complete");
  }
  if (const int32_t status = report.recording().exit_status(); status != 0) {
    return absl::StrCat(Counted(failing, "finding"), " would fail the run, which failed by itself: exit status ",
                        status);
  }
  return absl::StrCat(Counted(failing, "finding"), failing == 1 ? " fails" : " fail", " the run: exit status ",
                      report.rules().error_exitcode());
}

std::vector<std::string> RulesLines(const Report& report, bool full) {
  std::vector<std::string> lines;
  AddSuppressed(report, full, lines);
  AddBaseline(report, lines);
  if (std::string verdict = VerdictLine(report); !verdict.empty()) lines.push_back(std::move(verdict));
  return lines;
}

}  // namespace fdtrace
