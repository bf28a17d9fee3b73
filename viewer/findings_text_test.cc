#include "viewer/findings_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "viewer/text.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two sites: one of which nothing is left, and one that fails the run.
Report Judged() {
  Report report;
  for (const char* function : {"known", "fresh"}) {
    LeakSite& leak = *report.add_leaks();
    leak.set_verdict(LeakSite::HELD);
    leak.set_opened(3);
    leak.set_still_open(3);
    leak.add_stack()->set_function(function);
    Finding& finding = *report.add_findings();
    finding.set_kind("leak");
    finding.set_row(static_cast<uint32_t>(report.leaks_size() - 1));
    finding.set_count(3);
    finding.set_suppression(std::string("leak:^") + function + "$");
  }
  report.mutable_recording()->set_still_open(6);
  report.mutable_findings(0)->set_suppressed(3);
  report.mutable_findings(1)->set_left(1);
  report.mutable_findings(1)->set_allowed(2);
  report.mutable_findings(1)->set_fails(true);
  report.mutable_findings(1)->set_baseline(Finding::GROWN);
  Suppression& used = *report.add_suppressions();
  used.set_line("leak:known");
  used.set_source("ci.supp:3");
  used.set_count(3);
  used.set_rows(1);
  Suppression& unused = *report.add_suppressions();
  unused.set_line("leak:gone");
  unused.set_source("ci.supp:4");
  report.mutable_rules()->set_error_exitcode(23);
  report.mutable_rules()->set_baseline("base.json");
  return report;
}

TEST(FindingsText, TellsWhatEachRuleDid) {
  EXPECT_THAT(RulesLines(Judged(), false), ElementsAre("suppressed: 3", "  3 by leak:known (ci.supp:3)",
                                                       "suppressed nothing, and may go: leak:gone (ci.supp:4)",
                                                       "baseline base.json: 2 allowed; 0 findings are new, 1 grown",
                                                       "1 finding fails the run: exit status 23"));
}

TEST(FindingsText, IsSilentWhereThereAreNoRules) {
  Report report = Judged();
  report.clear_suppressions();
  report.clear_rules();
  EXPECT_THAT(RulesLines(report, true), IsEmpty());
  EXPECT_EQ(VerdictLine(report), "");
}

TEST(FindingsText, SaysWhyTheExitStatusIsNotThatOfTheRules) {
  Report report = Judged();
  report.mutable_recording()->set_exit_status(2);
  EXPECT_EQ(VerdictLine(report), "1 finding would fail the run, which failed by itself: exit status 2");
  report.clear_findings();
  EXPECT_EQ(VerdictLine(report), "no finding fails the run, but the recording is not complete");
  report.mutable_recording()->set_complete(true);
  EXPECT_EQ(VerdictLine(report), "no finding fails the run");
}

TEST(FindingsText, LeavesOutOfTheSummaryWhatTheRulesLetPass) {
  const std::string summary = RenderText(Judged(), {});
  EXPECT_THAT(summary, AllOf(HasSubstr("6 descriptors from 2 sites, 1 of them let pass"), HasSubstr("fresh"),
                             Not(HasSubstr(" known  "))));
  EXPECT_THAT(summary, AllOf(HasSubstr("of these 2 allowed by the baseline"), HasSubstr("suppress with leak:^fresh$")));
  EXPECT_THAT(RenderText(Judged(), {.full = true}), AllOf(HasSubstr("known"), HasSubstr("of these 3 suppressed")));
}

TEST(FindingsText, OffersNoSuppressionInASummaryWhereNothingIsToFail) {
  Report report = Judged();
  report.clear_rules();
  EXPECT_THAT(RenderText(report, {}), Not(HasSubstr("suppress with")));
}

}  // namespace
}  // namespace fdtrace
