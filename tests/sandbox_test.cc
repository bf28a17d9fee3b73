// Programs that put themselves under a seccomp filter: they never notice us, though our own calls would be fatal.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>

#include "tests/traced.h"

namespace fdtrace {
namespace {

// Runs it bare and traced, and expects the same.
Traced TraceAsBare(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {Program("sandbox")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return fdtrace::TraceAsBare(command, 5);
}

bool HasNote(const Report& report, const std::string& words) {
  return std::any_of(report.recording().notes().begin(), report.recording().notes().end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

void ExpectWorkIsCounted(const Report& report, const std::string& outer) {
  EXPECT_EQ(report.recording().events_lost(), 0) << Describe(report);
  const LeakSite before = LeakIn(report, "leak_before");
  EXPECT_EQ(before.still_open(), 1u) << Describe(report);
  const LeakSite after = LeakIn(report, "leak_after");
  EXPECT_EQ(after.still_open(), 7u) << Describe(report);
  EXPECT_EQ(after.opened(), 7u) << Describe(report);
  ASSERT_EQ(after.stack_size(), 4) << Describe(report);
  EXPECT_EQ(after.stack(2).function(), outer);
  EXPECT_EQ(after.stack(3).function(), "main");
}

class TightSandbox : public ::testing::TestWithParam<const char*> {};

TEST_P(TightSandbox, IsLeftAloneAndWhatItOpensIsCountedWithItsStack) {
  const Traced traced = TraceAsBare({"tight", GetParam()});
  EXPECT_EQ(traced.ran.out, "done 107\ntrapped 0\n");
  EXPECT_EQ(traced.report.recording().opened(), 108u);
  ExpectWorkIsCounted(traced.report, "tight");
  EXPECT_TRUE(HasNote(traced.report, "seccomp")) << Describe(traced.report);
}

INSTANTIATE_TEST_SUITE_P(Action, TightSandbox, ::testing::Values("kill", "kill_thread", "trap", "errno", "trace"),
                         [](const auto& action) { return std::string(action.param); });

// Those that the library makes for itself, one at a time.
TEST(Sandbox, NoSingleCallIsMissed) {
  for (const int number :
       {SYS_gettid,     SYS_getpid,      SYS_tgkill,         SYS_futex,       SYS_socket,  SYS_connect,
        SYS_setsockopt, SYS_sendto,      SYS_recvmsg,        SYS_mmap,        SYS_munmap,  SYS_madvise,
        SYS_mprotect,   SYS_brk,         SYS_rt_sigprocmask, SYS_sigaltstack, SYS_prctl,   SYS_clock_gettime,
        SYS_fcntl,      SYS_close_range, SYS_getcwd,         SYS_readlink,    SYS_mincore, SYS_msync,
        SYS_nanosleep,  SYS_fstat,       SYS_newfstatat,     SYS_readlinkat,  SYS_lseek}) {
    SCOPED_TRACE(number);
    const Traced traced = TraceAsBare({"without", std::to_string(number)});
    EXPECT_EQ(traced.report.recording().opened(), 108u);
    ExpectWorkIsCounted(traced.report, "without");
  }
}

TEST(Sandbox, WhereFilesMayNotBeAskedAboutTheyAreNot) {
  for (const int number : {SYS_fstat, SYS_newfstatat, SYS_readlinkat, SYS_lseek, SYS_rt_sigaction}) {
    SCOPED_TRACE(number);
    const Traced traced = TraceAsBare({"files_without", std::to_string(number)});
    EXPECT_EQ(traced.ran.out, "made 1\n");
    EXPECT_EQ(traced.report.recording().opened(), 2u);
    EXPECT_EQ(traced.report.recording().still_open(), 1u);
    EXPECT_EQ(traced.report.recording().events_lost(), 0);
  }
}

TEST(Sandbox, WhereNobodyAnswersForbiddenCallsNoneIsMade) {
  const Traced traced = TraceAsBare({"notify"});
  ExpectWorkIsCounted(traced.report, "notify");
  EXPECT_EQ(LeakIn(traced.report, "install_tight").call(), "syscall(seccomp)");
}

TEST(Sandbox, AFilterThatOnlyLogsTakesNothingAway) {
  const Traced traced = TraceAsBare({"tight", "log"});
  ExpectWorkIsCounted(traced.report, "tight");
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_FALSE(HasNote(traced.report, "seccomp")) << Describe(traced.report);
}

TEST(Sandbox, StrictModeIsSurvived) {
  const Traced traced = TraceAsBare({"strict"});
  EXPECT_EQ(traced.report.recording().opened(), 3u);
  EXPECT_EQ(traced.report.recording().still_open(), 3u);
  EXPECT_TRUE(HasNote(traced.report, "seccomp")) << Describe(traced.report);
}

TEST(Sandbox, AFilterForAllThreadsIsHeededByAllThreads) {
  const Traced traced = TraceAsBare({"threads"});
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
  const LeakSite leak = LeakIn(traced.report, "leak_after");
  EXPECT_EQ(leak.still_open(), 28u) << Describe(traced.report);
  ASSERT_GE(leak.stack_size(), 3) << Describe(traced.report);
  EXPECT_EQ(leak.stack(2).function(), "worker");
}

TEST(Sandbox, ThreadsInTheMiddleOfWorkAreNotCaughtAtAForbiddenCall) {
  for (int round = 0; round < 4; ++round) {
    const Traced traced = TraceAsBare({"at_work"});
    EXPECT_EQ(traced.ran.out, "done 2000\n");
  }
}

TEST(Sandbox, EventsOfThreadsThatCannotTellWhoTheyAreAreCountedAsLost) {
  const Traced traced = TraceAsBare({"new_threads"});
  EXPECT_EQ(traced.report.recording().events_lost(), 12) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().opened(), 2u);
  EXPECT_EQ(traced.report.recording().corrections().opened_unseen(), 12u);
}

TEST(Sandbox, AChildThatMayNotSayHelloIsNotFollowedAndItsParentStaysExact) {
  const Traced traced = TraceAsBare({"no_socket"});
  EXPECT_EQ(traced.report.recording().opened(), 106u);
  EXPECT_EQ(LeakIn(traced.report, "leak_after").still_open(), 5u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
  EXPECT_EQ(traced.report.processes_size(), 1);
  EXPECT_TRUE(HasNote(traced.report, "seccomp")) << Describe(traced.report);
}

// Each of those that a hello takes and forking does not.
TEST(Sandbox, AChildThatMayNotDoAllThatAHelloTakesSaysNone) {
  for (const int number : {SYS_connect, SYS_setsockopt, SYS_sendto, SYS_recvmsg, SYS_mmap, SYS_munmap, SYS_fcntl}) {
    SCOPED_TRACE(number);
    const Traced traced = TraceAsBare({"forked_without", std::to_string(number)});
    EXPECT_EQ(LeakIn(traced.report, "leak_after").still_open(), 5u) << Describe(traced.report);
    EXPECT_EQ(traced.report.processes_size(), 1);
    EXPECT_TRUE(HasNote(traced.report, "seccomp")) << Describe(traced.report);
  }
}

TEST(Sandbox, AProgramThatExecutesAnotherMakesNoForbiddenCallForUs) {
  for (const int number : {SYS_faccessat, SYS_getuid, SYS_getgid, SYS_fcntl}) {
    SCOPED_TRACE(number);
    const Traced traced = TraceAsBare({"exec_without", std::to_string(number)});
    EXPECT_EQ(traced.report.recording().opened(), 108u);
    const bool may_ask = number != SYS_fcntl;  // which descriptors the program receives
    EXPECT_EQ(traced.report.recording().still_open(), may_ask ? 8u : 0u) << Describe(traced.report);
  }
}

// Where a filter is, the collector looks itself: what tells it otherwise takes calls that not every filter allows.
TEST(Sandbox, AProgramThatMayNotTellOfItselfIsRecordedAllTheSame) {
  for (const int number : {SYS_statx, SYS_ppoll, SYS_getppid}) {
    SCOPED_TRACE(number);
    const Traced traced = TraceAsBare({"exec_without", std::to_string(number)});
    EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
    EXPECT_EQ(traced.report.recording().notes_size(), 0) << Describe(traced.report);
  }
}

TEST(Sandbox, AFilterThatForbidsNothingOfOursChangesNothing) {
  const Traced traced = TraceAsBare({"harmless"});
  EXPECT_EQ(traced.report.recording().opened(), 209u);
  EXPECT_EQ(traced.report.recording().still_open(), 9u);
  EXPECT_EQ(traced.report.processes_size(), 2);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().notes_size(), 0) << Describe(traced.report);
}

TEST(Sandbox, AnInstallationThatFailsTakesNothingAway) {
  const Traced traced = TraceAsBare({"refused"});
  EXPECT_EQ(traced.report.recording().opened(), 208u);
  EXPECT_EQ(traced.report.processes_size(), 2);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().notes_size(), 0) << Describe(traced.report);
}

TEST(Sandbox, AVforkChildsFilterIsNotItsParents) {
  const Traced traced = TraceAsBare({"vfork"});
  EXPECT_EQ(traced.report.recording().opened(), 208u);
  EXPECT_EQ(traced.report.recording().notes_size(), 0) << Describe(traced.report);
}

}  // namespace
}  // namespace fdtrace
