// Threads and children that no library made, crowds of threads, a program that unmaps what it does not know, and
// descriptors that come and go without a call: by io_uring, and into another process's table.
#include <gtest/gtest.h>

#include <string>

#include "tests/traced.h"

namespace fdtrace {
namespace {

const Corrections& CorrectionsOf(const Report& report) { return report.recording().corrections(); }

// The parent's leak is found, nothing else of the parent's.
Report TraceClone(const std::string& how) {
  const Traced traced = TraceAsBare({Program("odd_clones"), how}, 4);
  EXPECT_EQ(StillOpenIn(traced.report, "leak_in_parent"), 1u) << how << "\n" << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, "main"), 0u) << how << "\n" << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().opened(), 5u) << how << "\n" << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << how << "\n" << Describe(traced.report);
  EXPECT_TRUE(traced.report.recording().complete()) << how << "\n" << Describe(traced.report);
  return traced.report;
}

TEST(OddClones, AChildWithoutASignalAtItsEndIsAChild) {
  const Report report = TraceClone("copied");
  EXPECT_EQ(StillOpenIn(report, "leak_in_child"), 1u) << Describe(report);
  EXPECT_EQ(report.processes_size(), 2) << Describe(report);
}

// Each is recorded as if the table were its own: README, limits.
TEST(OddClones, ThatShareDescriptorsAndNoMemoryRunAsEver) {
  for (const char* how : {"files", "files_by_libc"}) {
    const Report report = TraceClone(how);
    EXPECT_EQ(report.processes_size(), 2) << how << "\n" << Describe(report);
    for (const LeakSite& leak : report.leaks()) {
      for (const Frame& frame : leak.stack()) {
        EXPECT_EQ(frame.module().find("libfdtrace"), std::string::npos) << how << ": " << frame.function();
      }
    }
  }
}

TEST(OddClones, ThatShareMemoryRunAsEver) { TraceClone("memory"); }

TEST(OddClones, ThatShareEverythingCountAsThreads) {
  const Report report = TraceClone("both");
  EXPECT_EQ(report.recording().still_open(), 1u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).opened_unseen(), 0u) << Describe(report);
}

TEST(Crowd, OfThreeThousandThreadsLosesNothing) {
  const Traced traced = TraceAsBare({Program("crowd"), "3000"}, 0);
  EXPECT_EQ(traced.ran.out, "3000 threads opened 6000, leaked 1500\n");
  EXPECT_EQ(traced.report.recording().opened(), 6000u) << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, "leak_in_crowd"), 1500u);
  EXPECT_EQ(traced.report.recording().still_open(), 1500u);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
}

TEST(IoUring, OpensAndClosesAreToldAsUnseenAndTheRestIsExact) {
  const int here = RunBare({Program("uring")}).status;
  if (here == 77) GTEST_SKIP() << "no io_uring here";
  const Traced traced = TraceAsBare({Program("uring")}, 0);
  const Report& report = traced.report;
  EXPECT_EQ(StillOpenIn(report, "make_ring"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_by_libc"), 1u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 2u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).opened_unseen(), 2u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).closed_unseen(), 1u) << Describe(report);
  EXPECT_NE(Describe(report).find("whose origin was not seen: fd 4 /dev/full"), std::string::npos) << Describe(report);
  EXPECT_TRUE(report.recording().complete()) << Describe(report);
}

TEST(Unmapping, WhateverTheProgramDoesNotKnowLeavesUsInPlace) {
  const Report report = TraceAsBare({Program("unmaps_strangers")}, 6).report;
  for (const char* function : {"leak_before", "leak_after", "leak_in_child"}) {
    EXPECT_EQ(StillOpenIn(report, function), 1u) << function << "\n" << Describe(report);
  }
  EXPECT_EQ(report.recording().opened(), 104u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 3u) << Describe(report);
  EXPECT_EQ(report.recording().events_lost(), 0) << Describe(report);
  EXPECT_TRUE(report.recording().complete()) << Describe(report);
}

TEST(PidfdGetfd, TakesACopyThatIsTheTakersAlone) {
  const int here = RunBare({Program("taken")}).status;
  if (here == 77) GTEST_SKIP() << "not permitted here";
  const Traced traced = TraceAsBare({Program("taken")}, 0);
  const Report& report = traced.report;
  EXPECT_EQ(traced.ran.out, "took 1, child 9\n");
  EXPECT_EQ(StillOpenIn(report, "leak_in_child"), 1u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "leak_taken"), 1u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 17u) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 2u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).opened_unseen() + CorrectionsOf(report).closed_unseen(), 0u) << Describe(report);
}

}  // namespace
}  // namespace fdtrace
