#include "findings/locations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

std::string Shown(const std::string& file, const std::string& root = kRoot) {
  const SourcePlace place = PlaceOfFile(file, {.source_root = root});
  return (place.in_root ? "in " : "out ") + place.path;
}

TEST(Locations, AreRelativeToTheRootOfTheSources) {
  EXPECT_EQ(Shown("/work/app/src/load.c"), "in src/load.c");
  EXPECT_EQ(Shown("/work/app/build/../src/./load.c"), "in src/load.c");
  EXPECT_EQ(Shown("/work/app/src/load.c", "/work/app/"), "in src/load.c");
  EXPECT_EQ(Shown("/work/app/src/load.c", "/work/x/../app"), "in src/load.c");
  EXPECT_EQ(Shown("/src/load.c", "/"), "in src/load.c");
}

TEST(Locations, OutsideTheRootStayWhole) {
  EXPECT_EQ(Shown("/work/application/load.c"), "out /work/application/load.c");
  EXPECT_EQ(Shown("/work/app/../load.c"), "out /work/load.c");
  EXPECT_EQ(Shown("/work/app/src/load.c", ""), "out /work/app/src/load.c");
}

TEST(Locations, OfACompilerInABuildDirectoryAreTakenForOnesBelowTheRoot) {
  EXPECT_EQ(Shown("../src/load.c"), "in src/load.c");
  EXPECT_EQ(Shown("./src//load.c"), "in src/load.c");
  EXPECT_EQ(Shown("../../src/x/../load.c"), "in src/load.c");
}

TEST(Locations, AreOfTheFrameThatNamesTheFinding) {
  Report report = EmptyReport();
  LeakSite& leak = *report.add_leaks();
  AddFrame("fopen", "./libio/iofopen.c", 75, leak.mutable_stack());
  leak.mutable_stack(0)->set_module("/usr/lib/x86_64-linux-gnu/libc.so.6");
  AddFrame("load", "/work/app/src/load.c", 7, leak.mutable_stack());
  AddFrame("main", "/work/app/src/main.c", 8, leak.mutable_stack());
  ASSERT_NE(SourceFrame(leak.stack()), nullptr);
  EXPECT_EQ(SourceFrame(leak.stack())->function(), "load");
}

TEST(Locations, OfPythonCodeWithoutAFileAreThoseOfItsCaller) {
  Report report = EmptyReport();
  LeakSite& leak = *report.add_leaks();
  AddFrame("<module>", "<string>", 1, leak.mutable_stack());
  AddFrame("run", "/work/app/run.py", 4, leak.mutable_stack());
  for (Frame& frame : *leak.mutable_stack()) frame.set_language(Frame::PYTHON);
  EXPECT_EQ(FrameLine(*SourceFrame(leak.stack()), {.source_root = kRoot}), "run at run.py:4");
}

TEST(Locations, AreNoneWhereNothingHasSource) {
  Report report = EmptyReport();
  const LeakSite& leak = AddLeak("load", "", 0, report);
  EXPECT_EQ(SourceFrame(leak.stack()), nullptr);
  EXPECT_EQ(ModuleOf(report, leak.stack()), "/work/app/build/app");
  EXPECT_EQ(ModuleOf(report, {}), "/work/app/build/app");
}

TEST(Severity, PutsWhatFailsFirstAndWhatIsSuppressedLast) {
  Report report = EmptyReport();
  for (const char* name : {"zero", "one", "two", "three"}) AddLeak(name, "/work/app/a.c", 1, report);
  AddFindings(report);
  Suppress(0, report);
  Fail(2, report);
  Fail(3, report);
  std::vector<uint32_t> rows;
  for (const RankedFinding& each : BySeverity(report)) rows.push_back(each.finding->row());
  EXPECT_THAT(rows, ElementsAre(2, 3, 1, 0));
}

TEST(RuleId, IsTheSameWhateverALeaksVerdict) {
  Report report = EmptyReport();
  AddLeak("one", "/work/app/a.c", 1, report);
  AddLeak("two", "/work/app/a.c", 1, report).set_verdict(LeakSite::SINGLE);
  AddDoubleClose("finish", "/work/app/a.c", 1, report);
  AddFindings(report);
  EXPECT_EQ(RuleId(report, report.findings(0)), "fdtrace/leak");
  EXPECT_EQ(RuleId(report, report.findings(1)), "fdtrace/leak");
  EXPECT_EQ(RuleId(report, report.findings(2)), "fdtrace/double-close");
}

TEST(Account, AddsUpToTheCount) {
  Finding finding;
  finding.set_suppressed(1200);
  finding.set_allowed(2);
  finding.set_left(1);
  EXPECT_EQ(Account(finding), "1,200 suppressed, 2 allowed by the baseline, 1 left");
}

}  // namespace
}  // namespace fdtrace
