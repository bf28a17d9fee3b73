// Why calls fail for want of descriptors or space, and who is blamed: on real processes, limits and file systems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int kCannotPrepare = 77;  // the status of a line that may not mount, or set a limit

std::string DescribeFailures(const Report& report) {
  std::string text;
  for (const Failure& failure : report.failures()) text += "  failure: " + failure.ShortDebugString() + "\n";
  return text + Describe(report);
}

Failure OnlyFailure(const Report& report) {
  EXPECT_EQ(report.failures_size(), 1) << DescribeFailures(report);
  return report.failures_size() == 1 ? report.failures(0) : Failure();
}

// The line of source that a frame is at.
std::string SourceOf(const Frame& frame) {
  std::ifstream file(frame.file());
  std::string line;
  for (uint32_t i = 0; i < frame.line(); ++i) std::getline(file, line);
  return line;
}

Frame FrameOf(const Failure& failure, const std::string& function) {
  for (const Frame& frame : failure.stack()) {
    if (frame.function() == function) return frame;
  }
  return {};
}

uint32_t SumOf(const Failure& failure) {
  uint32_t sum = failure.open_unknown();
  for (const Blame& blame : failure.blamed()) sum += blame.count();
  return sum;
}

struct Lack {
  const char* how;
  uint32_t open;
};

class Descriptors : public ::testing::TestWithParam<Lack> {};

TEST_P(Descriptors, AreMissingBecauseOneLineKeepsThemAll) {
  const auto [how, open] = GetParam();
  const Traced traced = Trace({Program("runs_out"), how});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Failure failure = OnlyFailure(traced.report);
  EXPECT_EQ(failure.error(), "EMFILE");
  EXPECT_EQ(failure.call(), how);
  EXPECT_EQ(failure.cause(), Failure::PROCESS_LIMIT);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.limit(), 64);
  EXPECT_EQ(failure.open_count(), open);
  EXPECT_EQ(SumOf(failure), open);
  const std::string function = std::string("takes_") + how;
  EXPECT_EQ(FunctionOf(failure.stack()), function);
  EXPECT_THAT(SourceOf(failure.stack(0)), HasSubstr("TAKES(" + std::string(how) + ","));
  ASSERT_GE(failure.blamed_size(), 1);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), function);
  EXPECT_THAT(SourceOf(failure.blamed(0).stack(0)), HasSubstr("TAKES(" + std::string(how) + ","));
  EXPECT_GE(failure.blamed(0).count(), 59u) << DescribeFailures(traced.report);
  EXPECT_THAT(failure.explanation(), HasSubstr("opened at " + function + " (runs_out.c:"));
}

// A pipe takes two numbers, and with one left it fails.
INSTANTIATE_TEST_SUITE_P(By, Descriptors,
                         ::testing::Values(Lack{"open", 64}, Lack{"socket", 64}, Lack{"accept", 64}, Lack{"pipe", 63},
                                           Lack{"dup", 64}, Lack{"fopen", 64}, Lack{"popen", 63},
                                           Lack{"epoll_create1", 64}, Lack{"opendir", 64}),
                         [](const auto& lack) { return std::string(lack.param.how); });

TEST(RunningOut, OfDescriptorsInPythonBlamesAPythonLine) {
  const Traced traced = Trace({"/usr/bin/python3", Program("runs_out.py"), "open"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Failure failure = OnlyFailure(traced.report);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.open_count(), 64u);
  EXPECT_EQ(failure.limit(), 64);
  EXPECT_EQ(failure.path(), "/dev/null");
  EXPECT_EQ(SumOf(failure), 64u);
  ASSERT_GE(failure.blamed_size(), 1);
  EXPECT_EQ(failure.blamed(0).count(), 61u);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "load_config");
  EXPECT_EQ(FunctionOf(failure.stack()), "load_config");
  EXPECT_THAT(SourceOf(failure.stack(0)), HasSubstr("kept.append(open("));
}

TEST(RunningOut, OfTheNumbersThatACallAskedForIsNotTakenForTheLimit) {
  const Traced traced = Trace({Program("runs_out"), "number"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Failure failure = OnlyFailure(traced.report);
  EXPECT_EQ(failure.cause(), Failure::CAUSE_UNKNOWN);
  EXPECT_EQ(failure.open_count(), 7u);
  EXPECT_THAT(failure.explanation(), HasSubstr("Only 7 of the 64 descriptors"));
}

TEST(RunningOut, AgainForOtherCodeIsAnotherPicture) {
  const Traced traced = Trace({Program("runs_out"), "twice"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  std::vector<Failure> of_socket;
  for (const Failure& failure : traced.report.failures()) {
    if (failure.call() == "socket") of_socket.push_back(failure);
  }
  ASSERT_THAT(of_socket, SizeIs(2)) << DescribeFailures(traced.report);
  for (const auto& [i, opener] : {std::pair(0u, "leaks_first"), std::pair(1u, "leaks_later")}) {
    EXPECT_EQ(of_socket[i].picture(), i);
    EXPECT_EQ(of_socket[i].count(), 1u);
    ASSERT_GE(of_socket[i].blamed_size(), 1);
    EXPECT_EQ(of_socket[i].blamed(0).count(), 61u);
    EXPECT_EQ(of_socket[i].blamed(0).stack(1).function(), opener);
  }
}

TEST(RunningOut, OfRoomInASetForSelectBlamesWhoKeepsTheDescriptors) {
  const Traced traced = Trace({Program("runs_out"), "select"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Failure failure = OnlyFailure(traced.report);
  EXPECT_EQ(failure.error(), "FD_SETSIZE");
  EXPECT_EQ(failure.call(), "select");
  EXPECT_EQ(failure.cause(), Failure::FD_SET_SIZE);
  EXPECT_EQ(failure.fd(), 1030);
  EXPECT_EQ(failure.limit(), 1024);
  EXPECT_EQ(failure.open_count(), 1033u);
  EXPECT_EQ(FunctionOf(failure.stack()), "selects");
  ASSERT_EQ(failure.blamed_size(), 1) << DescribeFailures(traced.report);
  EXPECT_EQ(failure.blamed(0).count(), 1030u);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "opens");
}

TEST(RunningOut, OfRoomInASetForFdSetIsToldThoughLibcEndsTheProgram) {
  const Traced traced = Trace({Program("runs_out"), "set"});
  EXPECT_EQ(traced.ran.status, 128 + SIGABRT) << traced.ran.err;
  const Failure failure = OnlyFailure(traced.report);
  EXPECT_EQ(failure.fd(), 1030);
  EXPECT_EQ(FunctionOf(failure.stack()), "sets");
  EXPECT_THAT(failure.explanation(), HasSubstr("FD_SET, FD_CLR or FD_ISSET was given descriptor 1,030"));
}

TEST(RunningOut, OfNothingLeavesNoRow) {
  const Traced selects = Trace({Program("runs_out"), "select_few"});
  EXPECT_EQ(selects.ran.status, 0) << selects.ran.err;
  EXPECT_THAT(selects.report.failures(), SizeIs(0)) << DescribeFailures(selects.report);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"git", "--version"},
        std::vector<std::string>{"/usr/bin/python3", "-c", "import json, subprocess; subprocess.run(['true'])"}}) {
    const Traced traced = Trace(command);
    EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
    EXPECT_THAT(traced.report.failures(), SizeIs(0)) << DescribeFailures(traced.report);
  }
}

// A file system of its own, in a mount namespace; skips where there may be none.
class Disk : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(mount());
    chmod(directory_.path().c_str(), 0711);
    if (RunBare({"unshare", "-m", "/bin/true"}).status != 0) GTEST_SKIP() << "no mount namespaces for this user";
  }

  std::string mount() const { return directory_.path() + "/mount"; }

  // What failed in `COMMAND WHAT MOUNT`, once PREPARE has made a file system there.
  Report FailingOn(const std::string& prepare, const std::string& command, int status = 0) {
    const std::string line =
        "cd " + directory_.path() + " && { " + prepare + "; } || exit 77; exec " + command + " " + mount();
    const Traced traced = Trace({"unshare", "-m", "/bin/sh", "-c", line});
    skipped_ = traced.ran.status == kCannotPrepare ? traced.ran.err : "";
    EXPECT_THAT(traced.ran.status, AnyOf(status, kCannotPrepare)) << traced.ran.err;
    return traced.report;
  }

  const TemporaryDirectory directory_;
  std::string skipped_;
};

void ExpectSpoolIsBlamed(const Failure& failure, const std::string& function, const std::string& source,
                         const std::string& mount) {
  EXPECT_EQ(failure.error(), "ENOSPC");
  EXPECT_EQ(failure.cause(), Failure::BLOCKS);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.filesystem().mount(), mount);
  EXPECT_EQ(failure.filesystem().type(), "tmpfs");
  EXPECT_EQ(failure.filesystem().blocks_total() * failure.filesystem().block_bytes(), 4 * kMebibyte);
  EXPECT_GE(failure.filesystem().pinned_bytes(), 3 * kMebibyte);
  ASSERT_GE(failure.blamed_size(), 1);
  EXPECT_GE(failure.blamed(0).pinned_bytes(), 3 * kMebibyte);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), function);
  EXPECT_THAT(SourceOf(failure.blamed(0).stack(0)), HasSubstr("open(\"spool\""));
  EXPECT_EQ(FunctionOf(failure.stack()), function);
  EXPECT_THAT(failure.explanation(), AllOf(HasSubstr(mount + " is full, and 4 MiB of its 4 MiB are held by "),
                                           HasSubstr(" deleted files that " + function + " (" + source + ":"),
                                           EndsWith(" still has open: close them to get the space back")));
}

TEST_F(Disk, FullOfDeletedFilesThatAreHeldBlamesWhoOpenedThem) {
  const Report report = FailingOn("mount -t tmpfs -o size=4m none mount", Program("runs_out") + " spool");
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  ExpectSpoolIsBlamed(OnlyFailure(report), "spools", "runs_out.c", mount());
}

TEST_F(Disk, FullOfWhatPythonHoldsBlamesAPythonLine) {
  const Report report =
      FailingOn("mount -t tmpfs -o size=4m none mount", "/usr/bin/python3 " + Program("runs_out.py") + " spool");
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  ExpectSpoolIsBlamed(OnlyFailure(report), "spool", "runs_out.py", mount());
}

TEST_F(Disk, FullOfOneFileThatIsStillBeingWrittenBlamesWhoOpenedIt) {
  const Report report = FailingOn("mount -t tmpfs -o size=4m none mount", Program("runs_out") + " log");
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  const Failure failure = OnlyFailure(report);
  EXPECT_EQ(failure.cause(), Failure::BLOCKS);
  EXPECT_EQ(failure.filesystem().pinned_bytes(), 0);
  ASSERT_EQ(failure.blamed_size(), 1) << DescribeFailures(report);
  EXPECT_EQ(failure.blamed(0).bytes(), 4 * kMebibyte);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "opens_log");
}

TEST_F(Disk, FullBeneathAMappingIsToldThoughTheProgramEndsBySignal) {
  const Report report = FailingOn("mount -t tmpfs -o size=4m none mount", Program("runs_out") + " map", 128 + SIGBUS);
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  const Failure failure = OnlyFailure(report);
  EXPECT_EQ(failure.error(), "SIGBUS");
  EXPECT_EQ(failure.call(), "mmap");
  EXPECT_EQ(failure.path(), mount() + "/mapped");
  EXPECT_EQ(failure.cause(), Failure::BLOCKS);
  EXPECT_EQ(failure.count(), 1u);
  EXPECT_TRUE(FrameOf(failure, "maps").own());
  EXPECT_THAT(SourceOf(FrameOf(failure, "maps")), HasSubstr("memset(data, 1, bytes)"));
  EXPECT_THAT(failure.explanation(),
              HasSubstr(" is full; 8 MiB of it were written to 1 file opened at maps (runs_out.c:"));
}

TEST_F(Disk, WithRoomIsNotBlamedForAMappingOfAFileThatWasShortened) {
  const Report report =
      FailingOn("mount -t tmpfs -o size=64m none mount", Program("runs_out") + " map_cut", 128 + SIGBUS);
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  EXPECT_THAT(report.failures(), SizeIs(0)) << DescribeFailures(report);
}

TEST_F(Disk, FullBeneathAMappingIsTheProgramsOwnAffairIfItHandlesTheSignal) {
  const Report report = FailingOn("mount -t tmpfs -o size=4m none mount", Program("runs_out") + " map_handled");
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  EXPECT_THAT(report.failures(), SizeIs(0)) << DescribeFailures(report);
}

TEST_F(Disk, MappedIsNoMatterWhenTheSignalWasSent) {
  const Report report =
      FailingOn("mount -t tmpfs -o size=4m none mount", Program("runs_out") + " map_killed", 128 + SIGBUS);
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  EXPECT_THAT(report.failures(), SizeIs(0)) << DescribeFailures(report);
}

TEST_F(Disk, WithoutInodesBlamesWhoMadeTheFiles) {
  const Report report = FailingOn("mount -t tmpfs -o size=4m,nr_inodes=40 none mount", Program("runs_out") + " files");
  if (!skipped_.empty()) GTEST_SKIP() << skipped_;
  const Failure failure = OnlyFailure(report);
  EXPECT_EQ(failure.cause(), Failure::INODES);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.filesystem().inodes_total(), 40);
  EXPECT_EQ(failure.filesystem().inodes_free(), 0);
  EXPECT_GT(failure.filesystem().blocks_free(), 0);
  ASSERT_EQ(failure.blamed_size(), 1) << DescribeFailures(report);
  EXPECT_EQ(failure.blamed(0).count(), 39u);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "makes_file");
  EXPECT_THAT(failure.explanation(), HasSubstr("but no inode left: 39 files were created at makes_file (runs_out.c:"));
}

TEST_F(Disk, WhoseFreeBlocksAreKeptForRootSaysSo) {
  const Report report = FailingOn(
      "truncate -s 16m image && mke2fs -q -F -t ext4 -m 50 image && mount -o loop image mount && chmod 777 mount",
      Program("runs_out") + " nobodys_log");
  if (!skipped_.empty()) GTEST_SKIP() << "no loop devices for this user: " << skipped_;
  const Failure failure = OnlyFailure(report);
  EXPECT_EQ(failure.cause(), Failure::RESERVED_BLOCKS) << DescribeFailures(report);
  EXPECT_EQ(failure.filesystem().type(), "ext4");
  EXPECT_GT(failure.filesystem().blocks_reserved(), 0);
  EXPECT_GT(failure.filesystem().blocks_reserved(), failure.filesystem().blocks_free() / 2);
  EXPECT_THAT(failure.explanation(), AllOf(HasSubstr(" free, all "), HasSubstr(" of it kept for root (tune2fs -m); ")));
  ASSERT_GE(failure.blamed_size(), 1);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "opens_log");
}

// fdtrace in a user namespace that allows few of LIMIT, a file of /proc/sys/user. Nothing outside of it changes.
class Inotify : public ::testing::Test {
 protected:
  Report FailingWith(const std::string& limit, const std::string& what) {
    const std::string report = directory_.path() + "/report.json";
    const std::string line = "echo 5 > /proc/sys/user/" + limit + " || exit 77; exec " + FdtraceBinary() + " -q -r " +
                             report + " -o " + directory_.path() + "/trace.fdt -- " + Program("runs_out") + " " + what +
                             " " + directory_.path();
    const Ran ran = RunBare({"unshare", "-rU", "/bin/sh", "-c", line});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ReadReport(report);
  }

  void SetUp() override {
    const std::string line = "echo 5 > /proc/sys/user/max_inotify_watches";
    if (RunBare({"unshare", "-rU", "/bin/sh", "-c", line}).status != 0) {
      GTEST_SKIP() << "no user namespaces with limits of their own for this user";
    }
  }

  const TemporaryDirectory directory_;
};

TEST_F(Inotify, WithoutWatchesIsNoFullDisk) {
  const Failure failure = OnlyFailure(FailingWith("max_inotify_watches", "watches"));
  EXPECT_EQ(failure.error(), "ENOSPC");
  EXPECT_EQ(failure.call(), "inotify_add_watch");
  EXPECT_EQ(failure.cause(), Failure::INOTIFY_WATCHES);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.limit(), 5);
  EXPECT_THAT(failure.explanation(), HasSubstr("No disk is full: this user has as many inotify watches as one may, 5"));
}

TEST_F(Inotify, WithoutInstancesIsNoLackOfDescriptors) {
  const Failure failure = OnlyFailure(FailingWith("max_inotify_instances", "instances"));
  EXPECT_EQ(failure.error(), "EMFILE");
  EXPECT_EQ(failure.cause(), Failure::INOTIFY_INSTANCES);
  EXPECT_EQ(failure.count(), 6u);
  EXPECT_EQ(failure.limit(), 5);
  EXPECT_EQ(failure.open_count(), 8u);
  ASSERT_EQ(failure.blamed_size(), 1);
  EXPECT_EQ(failure.blamed(0).count(), 5u);
  EXPECT_EQ(FunctionOf(failure.blamed(0).stack()), "takes_inotify_init1");
}

}  // namespace
}  // namespace fdtrace
