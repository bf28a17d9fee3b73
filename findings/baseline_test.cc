#include "findings/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings/report_maker.h"
#include "findings/rules.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

Report Judged(Report report, const Report& base) {
  Ruling ruling;
  ruling.baseline = Baseline(base);
  Judge(ruling, report);
  return report;
}

// "BASELINE left N" of each finding.
std::vector<std::string> States(const Report& report) {
  std::vector<std::string> states;
  for (const Finding& finding : report.findings()) {
    states.push_back(Finding::Baseline_Name(finding.baseline()) + " left " + std::to_string(finding.left()));
  }
  return states;
}

TEST(Baseline, AllowsWhatItHas) {
  ReportMaker base, now;
  base.AddLeak("load", 3);
  now.AddLeak("load", 2, 70);  // the line has moved
  EXPECT_THAT(States(Judged(now.report, base.report)), ElementsAre("UNCHANGED left 0"));
}

TEST(Baseline, AllowsNoMore) {
  ReportMaker base, now;
  base.AddLeak("load", 3);
  now.AddLeak("load", 4);
  now.AddLeak("store", 1);
  EXPECT_THAT(States(Judged(now.report, base.report)), ElementsAre("GROWN left 1", "NEW left 1"));
}

TEST(Baseline, BlamesTheLineThatIsNewInAFunctionThatLeakedBefore) {
  ReportMaker base, now;
  base.AddLeak("load", 3, 7);
  now.AddLeak("load", 2, 30);
  now.AddLeak("load", 3, 7);
  EXPECT_THAT(States(Judged(now.report, base.report)), ElementsAre("GROWN left 2", "UNCHANGED left 0"));
}

TEST(Baseline, NoticesANewLeakInAFunctionWhoseLinesHaveMoved) {
  ReportMaker base, now;
  base.AddLeak("load", 1, 7);
  now.AddLeak("load", 1, 9);
  now.AddLeak("load", 1, 30);
  EXPECT_EQ(Failing(Judged(now.report, base.report)), 1u);
}

TEST(Baseline, IsWithoutMeaningForOtherKinds) {
  ReportMaker base, now;
  base.AddLeak("spool", 5);
  now.AddPinned("spool", {"/tmp/a"});
  EXPECT_THAT(States(Judged(now.report, base.report)), ElementsAre("NEW left 1"));
}

TEST(Baseline, OfNothingAllowsNothing) {
  ReportMaker now;
  now.AddLeak("load", 1);
  EXPECT_THAT(States(Judged(now.report, Report())), ElementsAre("NEW left 1"));
}

}  // namespace
}  // namespace fdtrace
