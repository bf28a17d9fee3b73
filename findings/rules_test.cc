#include "findings/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "findings/report_maker.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

// One row of each rule, in this order.
Report OneOfEach() {
  ReportMaker maker;
  maker.AddLeak("grows", 30).set_verdict(LeakSite::GROWING);
  maker.AddLeak("holds", 5);
  maker.AddLeak("opens", 1);
  maker.AddPinned("spool", {"/tmp/a"});
  for (const auto kind : {BadClose::DOUBLE_CLOSE, BadClose::NEVER_OPENED}) {
    maker.report.add_bad_closes()->set_kind(kind);
    maker.report.mutable_bad_closes()->rbegin()->set_count(1);
  }
  maker.report.add_failures()->set_count(1);
  maker.report.add_leftovers()->set_files(1);
  maker.report.mutable_leftovers(0)->set_temporary(true);
  maker.report.add_inherited()->set_count(1);
  return maker.report;
}

// Of OneOfEach, by the first letters of what fails.
std::string FailingOn(const std::string& kinds) {
  constexpr char kRows[] =
      "ghspdnfli";  // grows, holds, single, pinned, double, never opened, failure, leftover, inherited
  Report report = OneOfEach();
  const auto fail_on = ParseFailOn(kinds);
  EXPECT_TRUE(fail_on.ok()) << fail_on.status();
  Judge({.fail_on = *fail_on}, report);
  std::string failing;
  for (int i = 0; i < report.findings_size(); ++i)
    failing += report.findings(i).fails() ? std::string(1, kRows[i]) : "";
  return failing;
}

TEST(Rules, FailOnTheKindsAskedFor) {
  EXPECT_EQ(FailingOn("growing"), "g");
  EXPECT_EQ(FailingOn("held"), "h");
  EXPECT_EQ(FailingOn("single"), "s");
  EXPECT_EQ(FailingOn("leak"), "ghs");
  EXPECT_EQ(FailingOn("pinned"), "p");
  EXPECT_EQ(FailingOn("double-close"), "d");
  EXPECT_EQ(FailingOn("close"), "dn");
  EXPECT_EQ(FailingOn("failure"), "f");
  EXPECT_EQ(FailingOn("leftover"), "l");
  EXPECT_EQ(FailingOn("inherited"), "i");
  EXPECT_EQ(FailingOn("any"), "ghspdnfli");
  EXPECT_EQ(FailingOn("growing,pinned"), "gp");
}

TEST(Rules, TakeWhatWasClosedTwiceInAnyWayForADoubleClose) {
  for (const auto kind : {BadClose::DOUBLE_CLOSE, BadClose::REUSED, BadClose::STREAM_CLOSED_TWICE,
                          BadClose::CLOSED_BENEATH_STREAM, BadClose::USE_AFTER_CLOSE, BadClose::NEVER_OPENED}) {
    ReportMaker maker;
    maker.report.add_bad_closes()->set_kind(kind);
    maker.report.mutable_bad_closes(0)->set_count(1);
    const bool twice = kind != BadClose::USE_AFTER_CLOSE && kind != BadClose::NEVER_OPENED;
    Judge({}, maker.report);
    EXPECT_EQ(Failing(maker.report), twice ? 1u : 0u) << BadClose::Kind_Name(kind);
    Judge({.fail_on = {"close"}}, maker.report);
    EXPECT_EQ(Failing(maker.report), 1u) << BadClose::Kind_Name(kind);
  }
}

TEST(Rules, FailOnLeaksPinnedFilesAndDoubleClosesUnlessSaidOtherwise) {
  Report report = OneOfEach();
  Judge({}, report);
  EXPECT_EQ(Failing(report), 5u);
  EXPECT_THAT(report.rules().fail_on(), ElementsAre("leak", "pinned", "double-close"));
}

TEST(Rules, DoNotKnowOtherKinds) {
  EXPECT_THAT(std::string(ParseFailOn("leak,lost").status().message()),
              AllOf(HasSubstr("\"lost\""), HasSubstr("held")));
  EXPECT_FALSE(ParseFailOn("").ok());
  EXPECT_FALSE(ParseFailOn("leak,").ok());
}

TEST(Rules, LetFewerThanTheSmallestCountPass) {
  Report report = OneOfEach();
  Judge({.min_count = 5}, report);
  EXPECT_EQ(Failing(report), 2u);
  Judge({.min_count = 6}, report);
  EXPECT_EQ(Failing(report), 1u);
}

TEST(Rules, DoNotCountWhatIsTooYoung) {
  ReportMaker maker;
  LeakSite& leak = maker.AddLeak("load", 3);
  leak.mutable_descriptors(0)->set_opened_ns(1'000'000'000);
  leak.mutable_descriptors(1)->set_opened_ns(8'000'000'000);
  leak.mutable_descriptors(2)->set_opened_ns(9'500'000'000);
  Judge({.min_age = 2s}, maker.report);
  EXPECT_EQ(maker.report.findings(0).too_young(), 1u);
  EXPECT_EQ(maker.report.findings(0).left(), 2u);
}

TEST(Rules, TakeTheAgeOfADescriptorToItsProcesssEnd) {
  ReportMaker maker;
  maker.AddLeak("load", 1).mutable_descriptors(0)->set_pid(7);
  Process& process = *maker.report.add_processes();
  process.set_pid(7);
  process.set_ended_ns(1'000'000'000);
  Judge({.min_age = 2s}, maker.report);
  EXPECT_EQ(maker.report.findings(0).left(), 0u);
  process.set_ended_ns(3'000'000'000);
  Judge({.min_age = 2s}, maker.report);
  EXPECT_EQ(maker.report.findings(0).left(), 1u);
}

TEST(Rules, CountAsOldWhatHasNoKnownEnd) {
  ReportMaker maker;
  maker.report.mutable_recording()->set_duration_ns(0);  // the trace was cut short
  maker.AddLeak("load", 1);
  Judge({.min_age = 2s}, maker.report);
  EXPECT_EQ(maker.report.findings(0).left(), 1u);
}

TEST(Rules, SplitACountWithoutRemainder) {
  ReportMaker base;
  base.AddLeak("load", 1);
  ReportMaker maker;
  LeakSite& leak = maker.AddLeak("load", 4, 7, {"/etc/known"});
  leak.mutable_descriptors(1)->set_opened_ns(9'500'000'000);
  Ruling ruling = {.min_age = 2s, .suppressions = {{"leak", "/etc/known", "x:1", ""}}};
  ruling.baseline = Baseline(base.report);
  Judge(ruling, maker.report);
  const Finding& finding = maker.report.findings(0);
  EXPECT_EQ(finding.count(), 4u);
  EXPECT_EQ(finding.suppressed(), 1u);
  EXPECT_EQ(finding.too_young(), 1u);
  EXPECT_EQ(finding.allowed(), 1u);
  EXPECT_EQ(finding.left(), 1u);
  EXPECT_TRUE(finding.fails());
}

TEST(Rules, ChangeTheStatusOfAProgramThatSucceededAlone) {
  Report report = OneOfEach();
  Judge({.error_exitcode = 23}, report);
  EXPECT_EQ(JudgedStatus(report, 0), 23);
  EXPECT_EQ(JudgedStatus(report, 1), 1);
  EXPECT_EQ(JudgedStatus(report, 139), 139);
  Judge({}, report);
  EXPECT_EQ(JudgedStatus(report, 0), 0);
  Report clean;
  Judge({.error_exitcode = 23}, clean);
  EXPECT_EQ(JudgedStatus(clean, 0), 0);
}

}  // namespace
}  // namespace fdtrace
