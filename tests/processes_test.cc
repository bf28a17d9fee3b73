// One exact report whatever processes do to come to life and to end: fork, vfork, exec, spawn, daemons, sudden death.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

#include "tests/endings.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

Traced TraceHow(const std::string& how) {
  for (const Ending& ending : Endings()) {
    if (ending.how != how) continue;
    Traced traced = TraceEnding(ending);
    EXPECT_EQ(Differences(ending, traced), "") << how;
    return traced;
  }
  ADD_FAILURE() << "no ending " << how;
  return {};
}

std::vector<std::string> Functions(const LeakSite& leak, int count) {
  std::vector<std::string> functions;
  for (int i = 0; i < leak.stack_size() && i < count; ++i) functions.push_back(leak.stack(i).function());
  return functions;
}

uint32_t RootPid(const Report& report) { return report.processes_size() > 0 ? report.processes(0).pid() : 0; }

TEST(Processes, AForkedChildsLeaksAreItsOwnAndItsClosesNotItsParents) {
  const Report report = TraceHow("fork").report;
  ASSERT_EQ(report.processes_size(), 2) << Describe(report);
  const Process& child = report.processes(1);
  EXPECT_EQ(child.parent_pid(), RootPid(report));
  EXPECT_EQ(report.processes(0).open_at_exit(), 5u);  // 0-2 and two
  EXPECT_EQ(child.open_at_exit(), 6u);
  const LeakSite parents = LeakIn(report, "opens_first");
  EXPECT_EQ(parents.closed(), 0u);
  for (const Descriptor& descriptor : parents.descriptors()) EXPECT_EQ(descriptor.pid(), RootPid(report));
  const LeakSite childs = LeakIn(report, "opens_later");
  EXPECT_THAT(Functions(childs, 4), ElementsAre("opens_later", "leak_later", "end_fork", "main"));
  ASSERT_EQ(childs.descriptors_size(), 3);
  EXPECT_EQ(childs.descriptors(0).fd(), 3);
  for (const Descriptor& descriptor : childs.descriptors()) EXPECT_EQ(descriptor.pid(), child.pid());
}

TEST(Processes, EndingByUnderscoreExitLosesNothing) {
  const Report report = TraceHow("_exit").report;
  EXPECT_THAT(Functions(LeakIn(report, "opens_first"), 4),
              ElementsAre("opens_first", "leak_first", "end_exit_at_once", "main"));
}

TEST(Processes, SignalsThatEndAProgramLoseNothing) {
  for (const auto& [how, function] : {std::pair{"abort", "end_abort"}, {"segv", "end_segv"}, {"kill", "end_kill"}}) {
    const Report report = TraceHow(how).report;
    EXPECT_THAT(Functions(LeakIn(report, "opens_first"), 4),
                ElementsAre("opens_first", "leak_first", function, "main"));
    EXPECT_GT(report.processes(0).ended_ns(), 0) << how;
  }
}

TEST(Processes, ASpawnedProgramIsAProcessOfItsOwn) {
  const Report report = TraceHow("spawn").report;
  ASSERT_EQ(report.processes_size(), 2) << Describe(report);
  EXPECT_EQ(report.processes(1).parent_pid(), RootPid(report));
  EXPECT_THAT(report.processes(1).command_line(), ElementsAre("endings", "later"));
  const LeakSite childs = LeakIn(report, "opens_later");
  EXPECT_THAT(Functions(childs, 4), ElementsAre("opens_later", "leak_later", "end_later", "main"));
  EXPECT_EQ(childs.descriptors(0).pid(), report.processes(1).pid());
}

TEST(Processes, DescriptorsLeakedOverAnExecKeepTheStackThatOpenedThem) {
  for (const auto& [how, function] : {std::pair{"exec", "end_exec"}, {"exec-bare", "end_exec_bare"}}) {
    const Report report = TraceHow(how).report;
    ASSERT_EQ(report.processes_size(), 1) << how << Describe(report);
    EXPECT_THAT(report.processes(0).command_line(), ElementsAre("endings", "later")) << how;
    const LeakSite before = LeakIn(report, "opens_first");
    EXPECT_THAT(Functions(before, 4), ElementsAre("opens_first", "leak_first", function, "main"));
    EXPECT_EQ(before.call(), "open");
    ASSERT_EQ(before.descriptors_size(), 2) << how;
    EXPECT_EQ(before.descriptors(0).fd(), 3) << how;
    EXPECT_EQ(before.descriptors(1).fd(), 4) << how;
    EXPECT_EQ(before.descriptors(0).path(), "/dev/null") << how;
    const LeakSite after = LeakIn(report, "opens_later");
    EXPECT_THAT(Functions(after, 4), ElementsAre("opens_later", "leak_later", "end_later", "main"));
    ASSERT_EQ(after.descriptors_size(), 3) << how;
    EXPECT_EQ(after.descriptors(0).fd(), 5) << how;
  }
}

TEST(Processes, ADaemonIsFollowedToItsEndAndTheRecordingEndsWithIt) {
  const auto start = std::chrono::steady_clock::now();
  const Report report = TraceHow("daemon").report;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  const LeakSite daemons = LeakIn(report, "opens_later");
  ASSERT_EQ(daemons.descriptors_size(), 5);
  EXPECT_EQ(daemons.descriptors(0).fd(), 3);
  for (const Process& process : report.processes()) {
    EXPECT_GT(process.ended_ns(), 0) << process.pid();
    if (process.pid() != daemons.descriptors(0).pid()) continue;
    EXPECT_GT(process.ended_ns(), report.processes(0).ended_ns() + 40'000'000);
    EXPECT_GE(report.recording().duration_ns(), process.ended_ns());
  }
}

TEST(Processes, AChildFirstHeardOfWhenItsParentHasEndedIsFollowedAllTheSame) {
  const Report report = TraceHow("orphan").report;
  const LeakSite late = LeakIn(report, "opens_later");
  ASSERT_EQ(late.descriptors_size(), 3);
  EXPECT_NE(late.descriptors(0).pid(), RootPid(report));
}

TEST(Processes, ThreeHundredChildrenThatLeakAtOneLineAreOneRow) {
  const Report report = TraceHow("children").report;
  ASSERT_EQ(report.leaks_size(), 1) << Describe(report);
  EXPECT_EQ(report.leaks(0).opened(), 300u);
  EXPECT_EQ(report.leaks(0).descriptors_size(), 300);
  for (int i = 1; i < report.processes_size(); ++i) EXPECT_EQ(report.processes(i).parent_pid(), RootPid(report));
}

// Runs programs/vfork_children.c; the parent's two must be all that is still open but for `childs`.
Report TraceVfork(const std::string& how, int status, uint32_t childs) {
  const Ran bare = RunBare({Program("vfork_children"), how});
  const Traced traced = Trace({Program("vfork_children"), how});
  EXPECT_EQ(bare.status, status) << how;
  EXPECT_EQ(traced.ran.status, status) << how;
  EXPECT_EQ(traced.ran.err, "") << how;
  const Recording& recording = traced.report.recording();
  EXPECT_EQ("both kept\nopened " + std::to_string(recording.opened()) + "\n", traced.ran.out)
      << how << "\n"
      << Describe(traced.report);
  EXPECT_EQ(LeakIn(traced.report, "keeps_two").still_open(), 2u) << how;
  EXPECT_EQ(recording.still_open(), 2u + childs) << how << "\n" << Describe(traced.report);
  EXPECT_EQ(recording.corrections().opened_unseen(), 0u) << how;
  EXPECT_EQ(recording.corrections().closed_unseen(), 0u) << how;
  EXPECT_EQ(recording.events_lost(), 0) << how;
  EXPECT_TRUE(recording.complete()) << how << "\n" << Describe(traced.report);
  return traced.report;
}

TEST(Processes, AVforkChildThatExecsPassesOnWhatItDidNotMarkAndNothingElse) {
  const Report report = TraceVfork("exec", 0, 1);
  EXPECT_EQ(LeakIn(report, "child_execs").still_open(), 1u) << Describe(report);
  ASSERT_EQ(report.inherited_size(), 1) << Describe(report);
  const Inherited& inherited = report.inherited(0);
  EXPECT_THAT(inherited.executable(), EndsWith("/true"));
  EXPECT_EQ(inherited.call(), "open");
  EXPECT_EQ(inherited.count(), 1u);
  EXPECT_FALSE(inherited.from_caller());
  ASSERT_GT(inherited.stack_size(), 0);
  EXPECT_EQ(inherited.stack(0).function(), "child_execs");
  EXPECT_THAT(inherited.fds(), ElementsAre(4));
  EXPECT_NE(inherited.child_pid(), RootPid(report));
}

TEST(Processes, AVforkChildThatExitsLeavesItsOwnLeakAlone) {
  const Report report = TraceVfork("exit", 3, 1);
  EXPECT_EQ(LeakIn(report, "child_exits").still_open(), 1u) << Describe(report);
  EXPECT_EQ(report.inherited_size(), 0) << Describe(report);
}

TEST(Processes, AVforkChildWhoseExecFailsInheritsNothingToAnybody) {
  const Report report = TraceVfork("fail", 126, 1);
  EXPECT_EQ(report.inherited_size(), 0) << Describe(report);
}

TEST(Processes, AVforkChildMayHaveAVforkChild) {
  const Report report = TraceVfork("nested", 4, 1);
  EXPECT_EQ(LeakIn(report, "child_has_a_child").still_open(), 1u) << Describe(report);
  EXPECT_EQ(report.inherited_size(), 0) << Describe(report);
}

TEST(Processes, VforkInThreadsWhileOthersOpenAndCloseCountsExactly) { TraceVfork("threads", 0, 0); }

TEST(Processes, ClosingEverythingInEveryWayLeavesExactlyWhatIsOpenedAfter) {
  const Ran bare = RunBare({Program("closes_everything")});
  const Traced traced = Trace({Program("closes_everything")});
  EXPECT_EQ(bare.status, 4);
  EXPECT_EQ(traced.ran.status, bare.status);
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.err, bare.err);
  EXPECT_EQ(LeakIn(traced.report, "leaks_one").still_open(), 4u);
  EXPECT_EQ(traced.report.recording().still_open(), 4u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().corrections().opened_unseen(), 0u);
  EXPECT_EQ(traced.report.recording().corrections().closed_unseen(), 0u);
  EXPECT_TRUE(traced.report.recording().complete());
}

}  // namespace
}  // namespace fdtrace
