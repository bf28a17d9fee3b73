// Programs that have hardly any memory left, or hardly any stack: they end as without fdtrace. What could not be
// recorded for want of memory is told.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/traced.h"

namespace fdtrace {
namespace {

bool HasNote(const Report& report, const std::string& words) {
  return std::any_of(report.recording().notes().begin(), report.recording().notes().end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

// Under a limit that the shell sets by its `ulimit` (kilobytes).
Traced TraceUnder(const std::string& limit, const std::vector<std::string>& program, int status) {
  std::vector<std::string> command = {"/bin/sh", "-c", "ulimit " + limit + "; exec \"$@\"", "sh"};
  command.insert(command.end(), program.begin(), program.end());
  return TraceAsBare(command, status);
}

TEST(NoMemory, IsNeededForWorkOnceAProgramHasBegun) {
  const Traced traced = TraceAsBare({Program("no_memory")}, 4);
  EXPECT_EQ(traced.ran.out, "begins\ndone 404, copy 6000, child 7\n");
  const Report& report = traced.report;
  EXPECT_EQ(StillOpenIn(report, "leak_before"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_without_memory"), 4u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_child"), 1u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 6u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 408u) << Describe(report);
  EXPECT_EQ(report.recording().events_lost(), 0) << Describe(report);
  EXPECT_EQ(report.processes_size(), 2) << Describe(report);
  // There is no table for numbers that high, so its close tells nothing; the kernel does.
  EXPECT_EQ(report.recording().corrections().closed_unseen(), 1u) << Describe(report);
}

TEST(NoMemory, FromBeforeTheFirstCallTakesAwayNothing) {
  const Traced traced = TraceAsBare({Program("no_memory"), "cold"}, 4);
  EXPECT_EQ(traced.ran.out, "begins\ndone 404, copy 6000, child 7\n");
  const Report& report = traced.report;
  EXPECT_EQ(report.recording().still_open(), 6u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 407u) << Describe(report);
  EXPECT_EQ(report.recording().events_lost(), 0) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_without_memory"), 4u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "copy_without_memory"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_in_child"), 1u) << Describe(report);
}

TEST(ASmallAddressSpace, ThatHasNoRoomForARecordingIsTold) {
  const Traced traced = TraceUnder("-v 8000", {Program("load_config")}, 3);
  EXPECT_FALSE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_TRUE(HasNote(traced.report, "without memory for it")) << Describe(traced.report);
  EXPECT_EQ(traced.report.leaks_size(), 0) << Describe(traced.report);
}

TEST(ASmallAddressSpace, ThatHasRoomForARecordingIsRecorded) {
  const Traced traced = TraceUnder("-v 24000", {Program("load_config")}, 3);
  EXPECT_EQ(StillOpenIn(traced.report, "load_config"), 50u) << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, "open_log"), 1u) << Describe(traced.report);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
}

// Whatever the depth: where there is no room for taking a stack, none is taken.
void ExpectEveryDepthIsRecorded(const Traced& traced) {
  EXPECT_EQ(traced.ran.out, "1 leaked, deep enough\n");
  EXPECT_EQ(traced.report.recording().still_open(), 1u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_TRUE(HasNote(traced.report, "no stack could be taken")) << Describe(traced.report);
}

TEST(ASmallStack, OfTheProgramIsUsedToItsEnd) {
  ExpectEveryDepthIsRecorded(TraceUnder("-s 64", {Program("deep_stack"), "main"}, 0));
}

TEST(ASmallStack, OfAThreadIsUsedToItsEnd) {
  ExpectEveryDepthIsRecorded(TraceAsBare({Program("deep_stack"), "thread"}, 0));
}

TEST(ASmallStack, OfACoroutineIsNotOverrun) {
  const Traced traced = TraceAsBare({Program("coroutines")}, 0);
  EXPECT_EQ(traced.ran.out, "20 opened, 1 children\n");
  EXPECT_EQ(traced.report.recording().opened(), 1021u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), 20u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, ""), 0u) << Describe(traced.report);
}

TEST(ASmallStack, OfACoroutineThatIsOnePageIsNotOverrun) {
  const Traced traced = TraceAsBare({Program("coroutines_of_one_page")}, 0);
  EXPECT_EQ(traced.ran.out, "20 opened, 1 children\n");
  EXPECT_EQ(traced.report.recording().opened(), 1021u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), 20u) << Describe(traced.report);
}

TEST(ASmallStack, IsNotAskedAboutWhereValgrindWouldComplain) {
  const std::vector<std::string> command = {"valgrind", "-q", "--error-exitcode=9", Program("load_config")};
  if (RunBare(command).status == 127) GTEST_SKIP() << "no valgrind here";
  const Traced traced = TraceAsBare(command, 3);
  EXPECT_EQ(StillOpenIn(traced.report, "load_config"), 50u) << Describe(traced.report);
}

TEST(GarbageAroundTheStack, IsNeitherFollowedNorBelieved) {
  const Traced traced = TraceAsBare({Program("garbage_frames")}, 0);
  EXPECT_EQ(traced.report.recording().opened(), 226u) << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, "leak_in_garbage"), 1u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), 1u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
}

}  // namespace
}  // namespace fdtrace
