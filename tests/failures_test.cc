// What the library tells of calls that fail for want of descriptors or space, or that use a descriptor that is closed,
// on real calls; and that the program has of each what it would have without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "tests/told_events.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

class Failures : public ::testing::Test {
 protected:
  // Runs an action of tests/programs/failing_calls.c.
  void Run(const std::string& action) {
    std::map<uint32_t, std::string> functions;
    for (const Event& event : EventsOf({"failing_calls", action, directory_.path()})) {
      if (event.has_function()) functions[event.function().number()] = event.function().name();
      if (event.has_stack()) stacks_.insert(event.stack().hash());
      if (!event.has_failed()) continue;
      failed_.push_back(event.failed());
      calls_.push_back(functions[event.failed().function()]);
    }
  }

  // "FUNCTION ERROR", then " PATH" if the call took one, "!" of a sweep.
  std::vector<std::string> Told() const {
    std::vector<std::string> told;
    for (size_t i = 0; i < failed_.size(); ++i) {
      const Failed& failed = failed_[i];
      told.push_back(calls_[i] + " " + strerrorname_np(failed.error()) +
                     (failed.path().empty() ? "" : " " + failed.path()) + (failed.sweep() ? "!" : ""));
    }
    return told;
  }

  const TemporaryDirectory directory_;
  std::vector<Failed> failed_;
  std::vector<std::string> calls_;
  std::set<uint64_t> stacks_;
};

TEST_F(Failures, EveryCallThatFindsNoFreeNumberSaysSoWithTheLimit) {
  Run("no_descriptors");
  std::vector<std::string> told = Told();
  for (std::string& one : told) {
    if (one.starts_with("mkstemp ")) one.resize(strlen("mkstemp EMFILE temporary-"));
  }
  EXPECT_THAT(
      told,
      ElementsAre("open EMFILE /dev/null", "openat EMFILE /dev/null", "creat EMFILE made", "mkstemp EMFILE temporary-",
                  "memfd_create EMFILE memory", "shm_open EMFILE /failing-calls", "socket EMFILE", "accept EMFILE",
                  "accept4 EMFILE", "socketpair EMFILE", "pipe EMFILE", "pipe2 EMFILE", "epoll_create1 EMFILE",
                  "eventfd EMFILE", "timerfd_create EMFILE", "signalfd EMFILE", "inotify_init EMFILE",
                  "mq_open EMFILE /failing-calls", "fopen EMFILE /dev/null", "tmpfile EMFILE", "popen EMFILE true",
                  "opendir EMFILE /", "dup EMFILE", "fcntl EMFILE", "syscall(openat) EMFILE /dev/null",
                  "syscall(pipe2) EMFILE", "syscall(dup) EMFILE", "freopen EMFILE /dev/zero"));
  for (const Failed& failed : failed_) {
    EXPECT_GT(failed.nofile_soft(), 3u) << failed.DebugString();
    EXPECT_LT(failed.nofile_soft(), 20u) << failed.DebugString();
    EXPECT_GE(failed.nofile_hard(), failed.nofile_soft()) << failed.DebugString();
    EXPECT_TRUE(stacks_.contains(failed.stack())) << failed.DebugString();
  }
}

TEST_F(Failures, AClosedNumberThatIsClosedOrCopiedIsToldAndWhatNeverWasOneIsNot) {
  Run("closed_twice");
  EXPECT_THAT(Told(), ElementsAre("close EBADF", "fclose EBADF", "closedir EBADF", "syscall(close) EBADF", "dup EBADF",
                                  "dup2 EBADF"));
  for (const Failed& failed : failed_) {
    EXPECT_GT(failed.fd(), 3) << failed.DebugString();
    EXPECT_TRUE(stacks_.contains(failed.stack())) << failed.DebugString();
  }
}

TEST_F(Failures, ClosingOneNumberAfterTheOtherIsToldOnceForAll) {
  Run("sweeps");
  EXPECT_THAT(Told(), ElementsAre("close EBADF", "close EBADF", "close EBADF!", "syscall(close) EBADF",
                                  "syscall(close) EBADF", "syscall(close) EBADF!"));
  EXPECT_EQ(failed_[2].fd(), failed_[0].fd() + 2);
  EXPECT_EQ(failed_[5].fd(), failed_[3].fd() - 2);
}

TEST_F(Failures, AClosedNumberThatIsUsedIsToldByWhateverUsesItAndAProbeIsNot) {
  Run("uses_closed");
  EXPECT_EQ(calls_, (std::vector<std::string>{
                        "read",      "pread",           "readv",     "write",         "pwrite",  "writev", "lseek",
                        "ftruncate", "posix_fallocate", "fsync",     "fdopen",        "fcntl",   "send",   "recv",
                        "sendmsg",   "recvmsg",         "sendmmsg",  "recvmmsg",      "connect", "bind",   "listen",
                        "accept",    "shutdown",        "epoll_ctl", "sendfile",      "fflush",  "fchdir", "openat",
                        "mkdirat",   "unlinkat",        "renameat",  "syscall(write)"}));
  const int fd = failed_[0].fd();
  for (size_t i = 0; i < failed_.size(); ++i) {
    EXPECT_EQ(failed_[i].error(), EBADF) << calls_[i];
    EXPECT_TRUE(stacks_.contains(failed_[i].stack())) << calls_[i];
    const bool is_at = calls_[i].ends_with("at");
    const int given = is_at ? fd - 1 : calls_[i] == "fflush" ? fd + 1 : fd;
    EXPECT_EQ(failed_[i].fd(), given) << calls_[i];
  }
}

TEST_F(Failures, WhatIsOpenButNotForThatOrNeverWasADescriptorIsNotTold) {
  Run("misuses");
  EXPECT_THAT(Told(), ElementsAre());
}

TEST_F(Failures, ACallThatFindsNoRoomTellsOfTheFileSystem) {
  Run("no_space");
  if (failed_.empty()) GTEST_SKIP() << "no file system of our own here";
  EXPECT_EQ(calls_, (std::vector<std::string>{
                        "syscall(write)", "syscall(mknod)",  "write",         "pwrite", "writev", "pwritev",
                        "fallocate",      "posix_fallocate", "sendfile",      "fwrite", "fflush", "fclose",
                        "open",           "creat",           "fopen",         "mkdir",  "mknod",  "mkdirat",
                        "symlink",        "syscall(mkdir)",  "syscall(write)"}));
  for (size_t i = 0; i < failed_.size(); ++i) {
    const Failed& failed = failed_[i];
    EXPECT_EQ(failed.error(), ENOSPC) << calls_[i];
    EXPECT_TRUE(stacks_.contains(failed.stack())) << calls_[i];
    EXPECT_EQ(failed.filesystem().type(), TMPFS_MAGIC) << calls_[i] << failed.DebugString();
    EXPECT_EQ(failed.filesystem().device(), failed_[0].filesystem().device()) << calls_[i];
    EXPECT_EQ(failed.filesystem().blocks() * failed.filesystem().block_bytes(), 65536u) << calls_[i];
    EXPECT_EQ(failed.filesystem().inodes(), 12u) << calls_[i];
    EXPECT_EQ(failed.filesystem().blocks_available(), 0u) << calls_[i];
    EXPECT_EQ(failed.fd() != 0, failed.path().empty()) << calls_[i];
  }
  EXPECT_EQ(failed_[12].path(), "directory/made");
  EXPECT_EQ(failed_[12].filesystem().inodes_free(), 0u);
}

TEST_F(Failures, AStreamClosedAgainIsToldBeforeItMayCrashUnlessAnotherWasMadeThere) {
  Run("closes_a_stream_twice");
  ASSERT_EQ(failed_.size(), 1u);
  EXPECT_EQ(calls_[0], "fclose");
  EXPECT_TRUE(failed_[0].stream_again());
  EXPECT_EQ(failed_[0].error(), 0);
  EXPECT_NE(failed_[0].id(), 0u);
  EXPECT_TRUE(stacks_.contains(failed_[0].stack()));
}

TEST(AFailingCall, ReturnsWhatItReturnsBare) {
  for (const char* action :
       {"no_descriptors", "closed_twice", "sweeps", "uses_closed", "misuses", "no_space", "closes_a_stream_twice"}) {
    const TemporaryDirectory directory;
    const std::vector<std::string> command = {Program("failing_calls"), action, directory.path()};
    const Ran bare = RunBare(command);
    EXPECT_EQ(bare.status, 0);
    EXPECT_NE(bare.out, "");
    EXPECT_EQ(Trace(command).ran.out, bare.out) << action;
  }
}

TEST(ReusedLate, AClosedNumberStaysClosedAndAllElseIsAsEver) {
  const TemporaryDirectory directory;
  const std::vector<std::string> command = {Program("failing_calls"), "late", directory.path()};
  const std::string stranger = "write(first, &byte, 1): ";
  const std::string bare = RunBare(command).out;
  ASSERT_TRUE(bare.starts_with(stranger + "1 Success\n")) << bare;
  const Traced traced = Trace(command, {"--reuse=late"});
  const std::string& late = traced.ran.out;
  ASSERT_TRUE(late.starts_with(stranger + "-1 Bad file descriptor\n")) << late;
  EXPECT_EQ(late.substr(late.find('\n')), bare.substr(bare.find('\n')));
  EXPECT_EQ(traced.report.recording().corrections().opened_unseen(), 0u) << Describe(traced.report);
}

}  // namespace
}  // namespace fdtrace
