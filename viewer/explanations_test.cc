// What people read of each kind of failure.
#include "viewer/explanations.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kGiB = 1 << 30;

Blame& AddBlame(Failure& failure, const std::string& function, const std::string& file, uint32_t line, uint32_t count,
                int64_t bytes = 0) {
  Blame& blame = *failure.add_blamed();
  blame.set_count(count);
  blame.set_bytes(bytes);
  blame.set_call("open");
  Frame& frame = *blame.add_stack();
  frame.set_function(function);
  frame.set_file("/src/" + file);
  frame.set_line(line);
  frame.set_module("/opt/server");
  return blame;
}

Failure OfLimit(uint32_t open, int64_t limit, int64_t hard_limit = 4096) {
  Failure failure;
  failure.set_error("EMFILE");
  failure.set_call("open");
  failure.set_cause(Failure::PROCESS_LIMIT);
  failure.set_open_count(open);
  failure.set_limit(limit);
  failure.set_hard_limit(hard_limit);
  return failure;
}

Failure OfSpace(Failure::Cause cause, const std::string& mount, int64_t bytes, int64_t free = 0, int64_t reserved = 0) {
  Failure failure;
  failure.set_error("ENOSPC");
  failure.set_call("write");
  failure.set_cause(cause);
  Filesystem& filesystem = *failure.mutable_filesystem();
  filesystem.set_mount(mount);
  filesystem.set_block_bytes(4096);
  filesystem.set_blocks_total(bytes / 4096);
  filesystem.set_blocks_free(free / 4096);
  filesystem.set_blocks_reserved(reserved / 4096);
  return failure;
}

void Pin(Failure& failure, int64_t bytes, uint32_t files) {
  failure.mutable_filesystem()->set_pinned_bytes(bytes);
  failure.mutable_filesystem()->set_pinned_files(files);
}

TEST(ExplanationOf, TheLimitOfAProcessNamesWhoHasMostOfItsDescriptors) {
  Failure failure = OfLimit(64, 64);
  AddBlame(failure, "load_config", "config.cc", 42, 58);
  EXPECT_EQ(ExplanationOf(failure),
            "All 64 descriptors that this process may have are open; 58 of them were opened at load_config "
            "(config.cc:42) and not closed: close them there, or raise the limit with ulimit -n (hard limit 4,096)");
}

TEST(ExplanationOf, TheLimitOfAProcessBlamesNobodyWhereManyPlacesHaveAFew) {
  Failure failure = OfLimit(1024, 1024, 1024);
  AddBlame(failure, "accept_client", "server.cc", 7, 200);
  EXPECT_EQ(ExplanationOf(failure),
            "All 1,024 descriptors that this process may have are open, and of no place more than the 200 of "
            "accept_client (server.cc:7): have root raise the limit, for the hard limit is the same, or close earlier "
            "what is not needed");
}

TEST(ExplanationOf, TheLimitOfAProcessSaysWhereNobodyIsKnown) {
  EXPECT_EQ(ExplanationOf(OfLimit(64, 64, INT64_MAX)),
            "All 64 descriptors that this process may have are open, and which code opened them is not known: raise "
            "the limit with ulimit -n");
}

TEST(ExplanationOf, TheLimitOfAProcessCountsWhatIsBesideIt) {
  Failure pair = OfLimit(63, 64);
  pair.set_call("pipe");
  EXPECT_TRUE(ExplanationOf(pair).starts_with(
      "63 of the 64 descriptors that this process may have are open, and pipe takes two, and which"))
      << ExplanationOf(pair);
  EXPECT_TRUE(ExplanationOf(OfLimit(100, 10))
                  .starts_with("100 descriptors are open, and no more than 10 may be since the limit was lowered"))
      << ExplanationOf(OfLimit(100, 10));
}

TEST(ExplanationOf, TheLimitOfTheSystemIsNamed) {
  Failure failure = OfLimit(12, 9000);
  failure.set_error("ENFILE");
  failure.set_cause(Failure::SYSTEM_LIMIT);
  EXPECT_EQ(ExplanationOf(failure),
            "The whole system has as many files open as it may, 9,000, and 12 of them are this process's: close some, "
            "or raise fs.file-max with sysctl -w");
}

TEST(ExplanationOf, InotifyHasLimitsOfItsOwn) {
  Failure failure = OfLimit(12, 128);
  failure.set_cause(Failure::INOTIFY_INSTANCES);
  AddBlame(failure, "watch", "watch.cc", 5, 100);
  EXPECT_EQ(ExplanationOf(failure),
            "Descriptors are left, but this user has as many inotify instances as one may, 128; 100 of this process "
            "were opened at watch (watch.cc:5) and not closed: close them there, or raise "
            "fs.inotify.max_user_instances with sysctl -w (in a user namespace, user.max_inotify_instances)");
  failure.set_cause(Failure::INOTIFY_WATCHES);
  failure.set_limit(0);
  EXPECT_EQ(ExplanationOf(failure),
            "No disk is full: this user has as many inotify watches as one may: remove those that are not needed, or "
            "raise fs.inotify.max_user_watches with sysctl -w (in a user namespace, user.max_inotify_watches)");
}

TEST(ExplanationOf, AFullDiskTellsFirstOfDeletedFilesThatAreHeld) {
  Failure failure = OfSpace(Failure::BLOCKS, "/tmp", 4 * kMiB);
  Pin(failure, 3 * kMiB, 3);
  Blame& blame = AddBlame(failure, "spool", "spool.py", 14, 3, 3 * kMiB);
  blame.set_pinned_bytes(3 * kMiB);
  blame.set_pinned_files(3);
  EXPECT_EQ(ExplanationOf(failure),
            "/tmp is full, and 3 MiB of its 4 MiB are held by 3 deleted files that spool (spool.py:14) still has open: "
            "close them to get the space back");
  Pin(failure, 4 * kMiB, 4);
  EXPECT_EQ(ExplanationOf(failure),
            "/tmp is full, and 4 MiB of its 4 MiB are held by 4 deleted files, 3 MiB by those that spool (spool.py:14) "
            "still has open: close them to get the space back");
  failure.clear_blamed();
  EXPECT_EQ(ExplanationOf(failure),
            "/tmp is full, and 4 MiB of its 4 MiB are held by 4 deleted files that are still open: close them to get "
            "the space back");
}

TEST(ExplanationOf, AFullDiskTellsWhoWroteMostToIt) {
  Failure failure = OfSpace(Failure::BLOCKS, "/var", kGiB);
  Pin(failure, kMiB, 1);
  AddBlame(failure, "log_line", "log.c", 12, 3, 2 * kMiB);
  EXPECT_EQ(ExplanationOf(failure),
            "/var is full; 2 MiB of it were written to 3 files opened at log_line (log.c:12): remove or shorten what "
            "is not needed");
}

TEST(ExplanationOf, AFullDiskOfWhichNothingIsKnownSaysSo) {
  Failure failure = OfSpace(Failure::BLOCKS, "", kGiB);
  EXPECT_EQ(ExplanationOf(failure),
            "The file system is full, and by nothing that this program was seen to write: look with du");
  failure.set_path("/var/log/app");
  EXPECT_TRUE(ExplanationOf(failure).starts_with("The file system of /var/log/app is full")) << ExplanationOf(failure);
}

TEST(ExplanationOf, OneWhoAsksForAllBlocksAtOnceIsToldHowManyThereAre) {
  Failure failure = OfSpace(Failure::BLOCKS, "/var", kGiB, 12 * kMiB);
  failure.set_call("posix_fallocate");
  EXPECT_TRUE(ExplanationOf(failure).starts_with("/var has 12 MiB free, and posix_fallocate asked for more"))
      << ExplanationOf(failure);
}

TEST(ExplanationOf, WhatIsKeptForRootIsNotFree) {
  Failure failure = OfSpace(Failure::RESERVED_BLOCKS, "/srv", kGiB, 12 * kMiB, 12 * kMiB);
  EXPECT_EQ(ExplanationOf(failure),
            "/srv has 12 MiB free, all of it kept for root (tune2fs -m): remove what is not needed, or have root keep "
            "less");
  failure.mutable_filesystem()->set_blocks_reserved(11 * kMiB / 4096);
  EXPECT_TRUE(ExplanationOf(failure).starts_with("/srv has 12 MiB free, all but 1 MiB of it kept for root"))
      << ExplanationOf(failure);
}

TEST(ExplanationOf, WithoutInodesTellsWhoMadeTheFiles) {
  Failure failure = OfSpace(Failure::INODES, "/", 100 * kGiB, 31 * kGiB);
  failure.mutable_filesystem()->set_inodes_total(300'000);
  EXPECT_EQ(ExplanationOf(failure),
            "/ has 31 GiB free but no inode left: all 300,000 are files and directories; remove some");
  AddBlame(failure, "make_spool", "spool.py", 14, 270'112);
  EXPECT_EQ(ExplanationOf(failure),
            "/ has 31 GiB free but no inode left: 270,112 files were created at make_spool (spool.py:14) and not "
            "removed: remove them");
}

TEST(ExplanationOf, AQuotaIsNoFullDisk) {
  Failure failure = OfSpace(Failure::QUOTA, "/home", kGiB, kGiB / 2);
  failure.set_error("EDQUOT");
  EXPECT_EQ(ExplanationOf(failure),
            "A quota on /home is used up, of this user, group or project: remove what is not needed, or have the "
            "quota raised");
}

TEST(ExplanationOf, WhatIsNotKnownIsSaidNotToBe) {
  Failure failure = OfSpace(Failure::CAUSE_UNKNOWN, "/data", kGiB, kGiB / 2);
  failure.mutable_filesystem()->set_inodes_free(7);
  failure.mutable_filesystem()->set_inodes_total(9);
  EXPECT_EQ(ExplanationOf(failure), "/data has 512 MiB and 7 inodes free, so what was missing is not known");
  failure.clear_filesystem();
  EXPECT_EQ(ExplanationOf(failure), "Which space was missing is not known");
  failure.set_call("epoll_ctl");
  EXPECT_EQ(ExplanationOf(failure),
            "No descriptor or disk is missing: epoll_ctl has a limit on the user's watches "
            "(fs.epoll.max_user_watches)");
}

TEST(ExplanationOf, ASetThatIsTooSmallNamesWhoHasMostDescriptors) {
  Failure failure = OfLimit(1033, 1024);
  failure.set_cause(Failure::FD_SET_SIZE);
  failure.set_call("select");
  failure.set_fd(1030);
  EXPECT_EQ(ExplanationOf(failure),
            "select was given descriptor 1,030, but an fd_set ends at 1,023: unless the program makes larger ones, "
            "memory beside it is read and overwritten: use poll or epoll");
  AddBlame(failure, "load_config", "config.cc", 42, 1000);
  EXPECT_EQ(ExplanationOf(failure),
            "select was given descriptor 1,030, but an fd_set ends at 1,023: unless the program makes larger ones, "
            "memory beside it is read and overwritten; 1,000 of 1,033 open descriptors were opened at load_config "
            "(config.cc:42): close them there, or use poll or epoll");
  failure.set_call("__fdelt_chk");
  EXPECT_EQ(ExplanationOf(failure),
            "FD_SET, FD_CLR or FD_ISSET was given descriptor 1,030, which an fd_set of 1,024 has no room for; libc "
            "ended the program; 1,000 of 1,033 open descriptors were opened at load_config (config.cc:42): close them "
            "there, or use poll or epoll");
}

TEST(ExplanationOf, ANumberThatWasAskedForIsNoLimit) {
  Failure failure = OfLimit(5, 64);
  failure.set_cause(Failure::CAUSE_UNKNOWN);
  failure.set_call("fcntl");
  EXPECT_EQ(ExplanationOf(failure),
            "Only 5 of the 64 descriptors that this process may have are known to be open: fcntl found none free at or "
            "above the number that it asked for");
}

}  // namespace
}  // namespace fdtrace
