#include "findings/baseline.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "findings/finding.h"

namespace fdtrace {
namespace {

std::string LinesOf(const Frames& stack) {
  std::string lines;
  for (const Frame& frame : stack) absl::StrAppend(&lines, Basename(frame.file()), ":", frame.line(), "\n");
  return lines;
}

// What is neither suppressed nor too young.
uint32_t Counting(const Finding& finding) { return finding.count() - finding.suppressed() - finding.too_young(); }

void AllowUpTo(uint32_t most, Finding& finding, KnownFindings& known) {
  const uint32_t allowed = std::min({most, Counting(finding) - finding.allowed(), known.count});
  finding.set_allowed(finding.allowed() + allowed);
  known.count -= allowed;
}

}  // namespace

Baseline::Baseline(Report report) {
  AddFindings(report);
  for (const Finding& finding : report.findings()) {
    KnownFindings& known = known_[finding.fingerprint()];
    known.count += finding.count();
    known.by_lines[LinesOf(StackOf(report, finding))] += finding.count();
  }
}

void Baseline::Allow(Report& report) const {
  auto left = known_;
  for (Finding& finding : *report.mutable_findings()) {
    const auto known = left.find(finding.fingerprint());
    if (known == left.end()) continue;
    const auto lines = known->second.by_lines.find(LinesOf(StackOf(report, finding)));
    if (lines != known->second.by_lines.end()) AllowUpTo(lines->second, finding, known->second);
  }
  for (Finding& finding : *report.mutable_findings()) {
    const auto known = left.find(finding.fingerprint());
    if (known != left.end()) AllowUpTo(known->second.count, finding, known->second);
    finding.set_baseline(known == left.end()                     ? Finding::NEW
                         : finding.allowed() < Counting(finding) ? Finding::GROWN
                                                                 : Finding::UNCHANGED);
  }
}

}  // namespace fdtrace
