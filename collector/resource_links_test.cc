#include "collector/resource_links.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace fdtrace {
namespace {

TEST(ResourceLinksTest, KnowsWhatIsNoPath) {
  EXPECT_EQ(ResourceOfLink("socket:[12]"), SOCKET);
  EXPECT_EQ(ResourceOfLink("pipe:[12]"), PIPE);
  EXPECT_EQ(ResourceOfLink("anon_inode:[eventpoll]"), EPOLL);
  EXPECT_EQ(ResourceOfLink("anon_inode:[eventfd]"), EVENTFD);
  EXPECT_EQ(ResourceOfLink("anon_inode:[timerfd]"), TIMERFD);
  EXPECT_EQ(ResourceOfLink("anon_inode:[signalfd]"), SIGNALFD);
  EXPECT_EQ(ResourceOfLink("anon_inode:inotify"), INOTIFY);
  EXPECT_EQ(ResourceOfLink("anon_inode:[fanotify]"), FANOTIFY);
  EXPECT_EQ(ResourceOfLink("anon_inode:[pidfd]"), PIDFD);
  EXPECT_EQ(ResourceOfLink("anon_inode:[io_uring]"), IO_URING);
  EXPECT_EQ(ResourceOfLink("anon_inode:bpf-map"), BPF);
  EXPECT_EQ(ResourceOfLink("net:[4026531840]"), NAMESPACE);
  EXPECT_EQ(ResourceOfLink("/memfd:name (deleted)"), MEMFD);
  EXPECT_EQ(ResourceOfLink("/dev/shm/name"), SHARED_MEMORY);
  EXPECT_EQ(ResourceOfLink("/dev/pts/3"), TERMINAL);
  EXPECT_EQ(ResourceOfLink("/dev/ptmx"), TERMINAL);
}

TEST(ResourceLinksTest, LeavesPathsToTheFileItself) {
  EXPECT_EQ(ResourceOfLink("/etc/passwd"), RESOURCE_UNKNOWN);
  EXPECT_EQ(ResourceOfLink(""), RESOURCE_UNKNOWN);
  EXPECT_EQ(ResourceOfFile(S_IFREG | 0644, 0), FILE);
  EXPECT_EQ(ResourceOfFile(S_IFDIR | 0755, 0), DIRECTORY);
  EXPECT_EQ(ResourceOfFile(S_IFIFO | 0644, 0), PIPE);
  EXPECT_EQ(ResourceOfFile(S_IFCHR | 0666, 1), DEVICE);    // /dev/null
  EXPECT_EQ(ResourceOfFile(S_IFCHR | 0666, 5), TERMINAL);  // /dev/tty
  EXPECT_EQ(ResourceOfFile(S_IFCHR | 0620, 136), TERMINAL);
  EXPECT_EQ(ResourceOfFile(S_IFBLK | 0660, 8), DEVICE);
  EXPECT_EQ(ResourceOfFile(0600, 0), RESOURCE_UNKNOWN);
}

TEST(ResourceLinksTest, ReadsInodesOfSocketsAndPipesAlone) {
  EXPECT_EQ(InodeOfLink("socket:[18446744073709551615]"), UINT64_MAX);
  EXPECT_EQ(InodeOfLink("pipe:[7]"), 7u);
  EXPECT_EQ(InodeOfLink("pipe:[7] "), std::nullopt);
  EXPECT_EQ(InodeOfLink("pipe:["), std::nullopt);
  EXPECT_EQ(InodeOfLink("pipe:[x]"), std::nullopt);
  EXPECT_EQ(InodeOfLink("net:[7]"), std::nullopt);
  EXPECT_EQ(InodeOfLink("/tmp/pipe:[7]"), std::nullopt);
}

}  // namespace
}  // namespace fdtrace
