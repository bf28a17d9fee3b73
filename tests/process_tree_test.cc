// What goes from process to process: descriptors sent and inherited, and programs that cannot be followed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// How many, by which call, in which function.
using FirstOpened = std::tuple<uint32_t, std::string, std::string>;

void ExpectReceivedFromSender(const Traced& traced) {
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, "received 7\n");
  const Report& report = traced.report;
  ASSERT_EQ(report.leaks_size(), 1) << Describe(report);
  const LeakSite& leak = report.leaks(0);
  EXPECT_EQ(leak.call(), "recvmsg");
  EXPECT_EQ(leak.still_open(), 7u) << Describe(report);
  ASSERT_GT(leak.stack_size(), 0);
  EXPECT_EQ(leak.stack(0).function(), "receives");
  std::vector<FirstOpened> first;
  for (const OpenedAt& opened : leak.first_opened_at()) {
    first.emplace_back(opened.count(), opened.call(), opened.stack_size() > 0 ? opened.stack(0).function() : "");
  }
  EXPECT_THAT(first, UnorderedElementsAre(FirstOpened{3, "open", "opens_file"}, FirstOpened{2, "pipe", "makes_pipe"},
                                          FirstOpened{2, "eventfd", "makes_event"}));
  EXPECT_EQ(report.recording().corrections().opened_unseen(), 0u);
  EXPECT_EQ(report.recording().corrections().closed_unseen(), 0u);
  EXPECT_TRUE(report.recording().complete()) << Describe(report);
}

TEST(PassedDescriptors, LeakedWhereReceivedAreTracedToWhereTheSenderOpenedThem) {
  ExpectReceivedFromSender(Trace({Program("passing"), "pair"}));
}

TEST(PassedDescriptors, AreTracedBackToASenderThatHasEnded) {
  const TemporaryDirectory directory;
  ExpectReceivedFromSender(Trace({Program("passing"), "named", directory.path() + "/socket"}));
}

// Processes of the report that could not be followed, for a reason with these words.
int CountUntraced(const Report& report, const std::string& words) {
  int count = 0;
  for (const Process& process : report.processes()) count += process.untraced_reason().find(words) != std::string::npos;
  return count;
}

struct Untraceable {
  std::string program;
  std::string reason;  // words of it
};

void ExpectStartedUntraced(const std::string& how, const Untraceable& untraceable) {
  SCOPED_TRACE(how + " " + untraceable.program);
  const std::vector<std::string> command = {Program("starter"), how, untraceable.program};
  const Ran bare = RunBare(command);
  const Traced traced = Trace(command);
  EXPECT_NE(bare.status, 127);
  EXPECT_EQ(traced.ran.status, bare.status);
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.err, bare.err);
  const Report& report = traced.report;
  EXPECT_EQ(CountUntraced(report, untraceable.reason), 1) << Describe(report);
  EXPECT_FALSE(report.recording().complete());
  EXPECT_EQ(report.recording().events_lost(), 0);
  EXPECT_EQ(report.recording().corrections().opened_unseen(), 0u) << Describe(report);
  EXPECT_EQ(report.recording().corrections().closed_unseen(), 0u) << Describe(report);
  if (how == "exec") {  // what it had is closed by the exec
    EXPECT_EQ(report.recording().opened(), 2u) << Describe(report);
    EXPECT_EQ(report.recording().still_open(), 0u) << Describe(report);
    return;
  }
  EXPECT_EQ(LeakIn(report, "keeps_two").still_open(), 2u);
  EXPECT_EQ(report.recording().still_open(), 2u) << Describe(report);
  EXPECT_EQ(report.inherited_size(), 0) << Describe(report);
  EXPECT_EQ(report.recording().opened(), how == "fork" || how == "popen" ? 3u : 2u) << Describe(report);
}

class StartedBy : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(EveryWay, StartedBy, testing::Values("fork", "vfork", "spawn", "system", "popen", "exec"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(StartedBy, AStaticProgramIsNamedAndCostsItsParentNothing) {
  ExpectStartedUntraced(GetParam(), {Program("static_program"), "static"});
}

TEST_P(StartedBy, AProgramOfAnotherLibcIsNamedAndCostsItsParentNothing) {
  ExpectStartedUntraced(GetParam(), {Program("other_libc"), "C library"});
}

TEST_P(StartedBy, ASetUserIdProgramIsNamedAndCostsItsParentNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file to another user";
  const TemporaryDirectory directory;
  chmod(directory.path().c_str(), 0755);
  struct statvfs filesystem = {};
  statvfs(directory.path().c_str(), &filesystem);
  if ((filesystem.f_flag & ST_NOSUID) != 0) GTEST_SKIP() << "temporary files are on a file system mounted nosuid";
  const std::string program = directory.path() + "/true";
  std::filesystem::copy_file("/bin/true", program);
  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  ExpectStartedUntraced(GetParam(), {program, "set-user-ID"});
}

TEST(Inherited, NamesWhoOpenedWhoReceivedAndTheNumbers) {
  const Traced traced = Trace({Program("starter"), "socket", "/bin/true"});
  const Report& report = traced.report;
  EXPECT_EQ(traced.ran.status, 0);
  ASSERT_EQ(report.inherited_size(), 1) << Describe(report);
  const Inherited& inherited = report.inherited(0);
  EXPECT_EQ(inherited.call(), "socket");
  ASSERT_GE(inherited.stack_size(), 2);
  EXPECT_EQ(inherited.stack(0).function(), "opens_socket");
  EXPECT_EQ(inherited.stack(1).function(), "main");
  EXPECT_THAT(inherited.executable(), EndsWith("/true"));
  EXPECT_THAT(inherited.fds(), ElementsAre(5));
  EXPECT_EQ(inherited.count(), 1u);
  EXPECT_FALSE(inherited.from_caller());
  ASSERT_EQ(report.processes_size(), 2) << Describe(report);
  EXPECT_EQ(inherited.parent_pid(), report.processes(0).pid());
  EXPECT_EQ(inherited.child_pid(), report.processes(1).pid());
  EXPECT_EQ(LeakIn(report, "opens_socket").still_open(), 1u);  // once, for the process that opened it
  EXPECT_EQ(report.recording().still_open(), 3u) << Describe(report);
  EXPECT_TRUE(report.recording().complete());
}

TEST(Inherited, ByAProgramThatCannotBeFollowedIsToldAsWell) {
  const Report report = Trace({Program("starter"), "socket", Program("static_program")}).report;
  ASSERT_EQ(report.inherited_size(), 1) << Describe(report);
  EXPECT_EQ(report.inherited(0).stack(0).function(), "opens_socket");
  EXPECT_THAT(report.inherited(0).executable(), EndsWith("/static_program"));
  EXPECT_THAT(report.inherited(0).fds(), ElementsAre(5));
  EXPECT_EQ(report.recording().still_open(), 3u) << Describe(report);
}

// What fdtrace reports of a command when its own caller had 7 and 9 open.
Report TraceWithSevenAndNine(const std::string& command) {
  const TemporaryDirectory directory;
  const std::string report = directory.path() + "/report.json";
  const Ran ran = RunBare({"/bin/sh", "-c",
                           "exec 7</dev/zero 9</dev/null; exec " + FdtraceBinary() + " -q -r " + report + " -o " +
                               directory.path() + "/t.fdt -- " + command});
  EXPECT_EQ(ran.status, 0) << ran.err;
  return ReadReport(report);
}

TEST(Inherited, WhatTheCallerOfFdtracePassedDownIsToldAndNeverALeak) {
  for (const std::string command : {"/bin/true", "/bin/sh -c '/bin/true; /bin/ls / | /bin/cat >/dev/null; (exit 0)'"}) {
    const Report report = TraceWithSevenAndNine(command);
    EXPECT_EQ(report.leaks_size(), 0) << command << Describe(report);
    EXPECT_EQ(report.recording().corrections().opened_unseen(), 0u) << command << Describe(report);
    ASSERT_GE(report.inherited_size(), 1) << command << Describe(report);
    bool by_the_program = false;
    for (const Inherited& inherited : report.inherited()) {
      EXPECT_TRUE(inherited.from_caller()) << command << Describe(report);
      EXPECT_THAT(inherited.fds(), ElementsAre(7, 9)) << command;
      EXPECT_EQ(inherited.stack_size(), 0) << command;
      by_the_program = by_the_program || inherited.child_pid() == report.processes(0).pid();
    }
    EXPECT_TRUE(by_the_program) << command << Describe(report);
  }
}

TEST(Inherited, NothingIsToldWhereEverythingIsMarked) {
  const Report report = Trace({Program("starter"), "fork", "/bin/true"}).report;
  EXPECT_EQ(report.inherited_size(), 0) << Describe(report);
  EXPECT_EQ(report.recording().still_open(), 2u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 3u) << Describe(report);
}

TEST(OtherPrograms, WhatTheKernelRefusesIsRefusedAlike) {
  const Ran bare = RunBare({Program("odd_execs")});
  ASSERT_EQ(bare.status, 0);
  const Traced traced = Trace({Program("odd_execs")});
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.err, bare.err);
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
}

TEST(OtherPrograms, AForkThatCannotReachFdtraceIsMissedAloud) {
  const std::vector<std::string> command = {"unshare", "--net", "--fork", "sh", "-c", "exec 5</etc/passwd; exit 3"};
  const Ran bare = RunBare(command);
  if (bare.status != 3) GTEST_SKIP() << "no network namespace is to be had: " << bare.err;
  const Traced traced = Trace(command);
  EXPECT_EQ(traced.ran.status, 3);
  EXPECT_FALSE(traced.report.recording().complete()) << Describe(traced.report);
  EXPECT_THAT(traced.report.recording().notes(), ::testing::Contains(HasSubstr("could not reach fdtrace")));
}

}  // namespace
}  // namespace fdtrace
