#include "fuzz/foreign_report.h"

#include "findings/baseline.h"
#include "findings/diff.h"
#include "findings/github.h"
#include "findings/gitlab.h"
#include "findings/junit.h"
#include "findings/markdown.h"
#include "findings/merge.h"
#include "findings/rules.h"
#include "findings/sarif.h"
#include "fuzz/must_hold.h"
#include "viewer/json.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

void ShowInEveryForm(const Report& report) {
  const FormOptions form = {.source_root = "/src"};
  for (const bool full : {false, true}) RenderText(report, {.full = full, .colours = full});
  MustHold(RenderJson(report).ok(), "a report can be written as JSON");
  RenderSarif(report, form);
  RenderJunit(report, form);
  RenderGithub(report, form);
  RenderStepSummary(report, form);
  RenderGitlab(report, form);
  RenderMarkdown(report, form);
}

}  // namespace

void UseReport(const Report& report) {
  Ruling ruling;
  ruling.fail_on = {"any"};
  ruling.error_exitcode = 1;
  ruling.suppressions.push_back({.kind = "leak", .pattern = "m*n", .source = "fuzz:1", .reason = ""});
  Report judged = report;
  Judge(ruling, judged);
  ShowInEveryForm(judged);

  ruling.baseline.emplace(report);
  ruling.baseline_file = "before.json";
  Report compared = report;
  Judge(ruling, compared);
  for (const Finding& finding : compared.findings()) {
    MustHold(finding.count() >= uint64_t{finding.suppressed()} + finding.too_young() + finding.allowed(),
             "no more is let pass than there is");
  }

  const Diff diff = Compare(report, report);
  RenderDiffText(diff, true);
  RenderDiffMarkdown(diff);
  Report merged = Merge({report, report});
  Judge(ruling, merged);
  RenderText(merged, {.full = true});
}

}  // namespace fdtrace
