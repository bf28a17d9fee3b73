// Calls at moments when little works: before main, after it, in a thread that is ending, in a signal handler that has
// hardly a stack. The program ends as without fdtrace, and the report is exact.
#include <gtest/gtest.h>

#include "tests/traced.h"

namespace fdtrace {
namespace {

void ExpectNothingMissed(const Report& report) {
  EXPECT_EQ(report.recording().events_lost(), 0) << Describe(report);
  EXPECT_EQ(report.recording().corrections().opened_unseen(), 0u) << Describe(report);
  EXPECT_EQ(report.recording().corrections().closed_unseen(), 0u) << Describe(report);
  EXPECT_TRUE(report.recording().complete()) << Describe(report);
}

TEST(BeforeMain, ConstructorsAreRecordedAndWhatComesBeforeThemIsNoLeakOfAnybodys) {
  const Report report = TraceAsBare({Program("early_calls")}, 5).report;
  for (const char* function : {"leak_in_library", "leak_in_constructor", "leak_in_main"}) {
    EXPECT_EQ(StillOpenIn(report, function), 1u) << function << "\n" << Describe(report);
  }
  EXPECT_EQ(report.leaks_size(), 3) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 5u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 3u) << Describe(report);
  ExpectNothingMissed(report);
}

TEST(AfterMain, HandlersAndDestructorsOfEveryKindAreRecordedToTheLastOne) {
  const Report report = TraceAsBare({Program("late_calls")}, 6).report;
  EXPECT_EQ(StillOpenIn(report, "leak_in_thread_local"), 2u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_key"), 3u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_atexit"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_on_exit"), 2u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_destructor"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_library"), 1u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 21u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 10u) << Describe(report);
  EXPECT_EQ(report.collected_size(), 0) << Describe(report);
  ExpectNothingMissed(report);
}

TEST(SignalHandlers, OnTheLeastStackOpenCloseAndFork) {
  const Traced traced = TraceAsBare({Program("least_stack")}, 0);
  EXPECT_EQ(traced.ran.out, "3 opened, 1 children\n");
  EXPECT_EQ(traced.report.recording().opened(), 10u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), 3u) << Describe(traced.report);
  EXPECT_EQ(traced.report.processes_size(), 2) << Describe(traced.report);
  ExpectNothingMissed(traced.report);
}

TEST(BlockedSignals, AreNeededForNothing) {
  const Traced traced = TraceAsBare({Program("blocked_signals")}, 0);
  EXPECT_EQ(traced.ran.out, "child 0, SIGCHLD waits, SIGPIPE does not wait\n");
  EXPECT_EQ(StillOpenIn(traced.report, "leak"), 6u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().opened(), 12u) << Describe(traced.report);
  ExpectNothingMissed(traced.report);
}

}  // namespace
}  // namespace fdtrace
