#include "collector/pipe_index.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fdtrace {
namespace {

class PipeIndexTest : public ::testing::Test {
 protected:
  PipeIndexTest() {
    EXPECT_EQ(pipe(ends_), 0);
    holder_ = fork();
    if (holder_ == 0) {
      while (true) pause();
    }
    struct stat what;
    EXPECT_EQ(fstat(ends_[0], &what), 0);
    inode_ = what.st_ino;
  }
  ~PipeIndexTest() override {
    EndHolder();
    close(ends_[0]);
    close(ends_[1]);
  }
  void EndHolder() {
    if (holder_ <= 0) return;
    kill(holder_, SIGKILL);
    waitpid(holder_, nullptr, 0);
    holder_ = -1;
  }

  int ends_[2];
  uint64_t inode_;
  pid_t holder_;
  PipeIndex index_;
};

TEST_F(PipeIndexTest, FindsTheEndThatIsAskedFor) {
  const pid_t processes[] = {getpid(), holder_};
  const auto writing = index_.Find(inode_, /*for_writing=*/true, getpid(), processes);
  ASSERT_TRUE(writing.end.has_value());
  EXPECT_EQ(writing.end->pid, holder_);
  EXPECT_EQ(writing.end->fd, ends_[1]);
  const auto reading = index_.Find(inode_, /*for_writing=*/false, getpid(), processes);
  ASSERT_TRUE(reading.end.has_value());
  EXPECT_EQ(reading.end->fd, ends_[0]);
}

TEST_F(PipeIndexTest, IsCertainOfNothingOnlyRightAfterALook) {
  const pid_t processes[] = {getpid(), holder_};
  const auto none = index_.Find(inode_ + 1'000'000, true, getpid(), processes);
  EXPECT_FALSE(none.end.has_value());
  EXPECT_TRUE(none.certain);
}

TEST_F(PipeIndexTest, NeverNamesAHolderThatIsGone) {
  const pid_t processes[] = {getpid(), holder_};
  ASSERT_TRUE(index_.Find(inode_, true, getpid(), processes).end.has_value());
  EndHolder();
  EXPECT_FALSE(index_.Find(inode_, true, getpid(), processes).end.has_value());
}

}  // namespace
}  // namespace fdtrace
