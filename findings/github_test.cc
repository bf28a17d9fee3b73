#include "findings/github.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Annotations(const Report& report) { return RenderGithub(report, {.source_root = kRoot}); }

TEST(Github, MarksTheLineOfAFindingThatFails) {
  Report report = EmptyReport();
  AddLeak("ns::load", "/work/app/src/a,b:c.c", 7, report);
  AddFindings(report);
  Fail(0, report);
  EXPECT_EQ(Annotations(report),
            "::error file=src/a%2Cb%3Ac.c,line=7,title=fdtrace%3A growing in ns%3A%3Aload::"
            "30 of 40 descriptors opened in ns::load (a,b:c.c:7) are still open: file, growing\n");
}

TEST(Github, LeavesOutThePlaceOfCodeWithoutSource) {
  Report report = EmptyReport();
  AddLeak("load", "", 0, report);
  AddFindings(report);
  Fail(0, report);
  EXPECT_THAT(Annotations(report), StartsWith("::error title=fdtrace%3A growing in load::"));
}

TEST(Github, WarnsOfWhatIsLeftOnlyWhereNothingFails) {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/load.c", 7, report);
  AddLeak("get", "/work/app/get.c", 7, report);
  AddLeak("log", "/work/app/log.c", 7, report);
  AddFindings(report);
  Suppress(2, report);
  const std::string warnings = Annotations(report);
  EXPECT_THAT(warnings, StartsWith("::warning file=load.c"));
  EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 2) << warnings;
  Fail(1, report);
  const std::string errors = Annotations(report);
  EXPECT_THAT(errors, StartsWith("::error file=get.c"));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

TEST(Github, SaysNothingWhereNothingIsLeft) {
  Report report = ManyLeaks(1);
  report.mutable_findings(0)->set_fails(false);
  Suppress(0, report);
  EXPECT_EQ(Annotations(report), "");
  EXPECT_EQ(Annotations(EmptyReport()), "");
}

TEST(Github, CountsWhatItDoesNotMark) {
  Report report = ManyLeaks(10'000);
  for (int i = 0; i < 5'000; ++i) Fail(i, report);
  const std::string text = Annotations(report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9) << text;
  EXPECT_THAT(text, HasSubstr("file=src/load.c,line=8,"));
  EXPECT_THAT(text, EndsWith("\n::notice::fdtrace: 4,993 more findings that fail the run\n"));
}

TEST(Github, LetsNoNameMakeACommandOfItsOwn) {
  Report report = EmptyReport();
  AddLeak("f\r\n::error::x%0A", kOddName, 7, report);
  AddFindings(report);
  Fail(0, report);
  report.mutable_leaks(0)->set_advice("close it\n::error::y");
  const std::string text = Annotations(report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 0) << text;
  EXPECT_THAT(text, HasSubstr("x%250A"));
}

TEST(StepSummary, FitsWhatGithubTakesAndSaysWhatItLeftOut) {
  const std::string text = RenderStepSummary(ManyLeaks(10'000), {.source_root = kRoot});
  EXPECT_LT(text.size(), 1'000 * 1024);
  EXPECT_GT(text.size(), 900 * 1024);
  EXPECT_THAT(text, HasSubstr(" rows left out here for want of room.\n"));
}

}  // namespace
}  // namespace fdtrace
