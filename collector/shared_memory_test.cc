#include "collector/shared_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <thread>

namespace fdtrace {
namespace {

TEST(SharedMemoryTest, CannotBeResized) {
  const SharedMemory memory = SharedMemory::Create("test", 2 * kPageBytes).value();
  EXPECT_EQ(ftruncate(memory.fd(), kPageBytes), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(memory.fd(), 3 * kPageBytes), -1);
}

TEST(SharedMemoryTest, IsSeenByWhoeverMapsItsFileAndOutlivesIt) {
  SharedMemory memory = SharedMemory::Create("test", kPageBytes).value();
  auto* const theirs =
      static_cast<char*>(mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd(), 0));
  ASSERT_NE(theirs, MAP_FAILED);
  memory.CloseFd();
  theirs[5] = 'x';
  EXPECT_EQ(static_cast<char*>(memory.address())[5], 'x');
  munmap(theirs, kPageBytes);
}

class CollectorLockTest : public ::testing::Test {
 protected:
  SharedMemory memory_ = SharedMemory::Create("test", kPageBytes).value();
  SessionPage& page_ = *static_cast<SessionPage*>(memory_.address());
};

TEST_F(CollectorLockTest, SaysThatTheCollectorLivesWhileItIsHeld) {
  EXPECT_FALSE(CollectorLives(page_));
  {
    const CollectorLock lock(page_);
    EXPECT_TRUE(CollectorLives(page_));
  }
  EXPECT_FALSE(CollectorLives(page_));
}

TEST_F(CollectorLockTest, IsMarkedByTheKernelWhenItsThreadEndsWithoutReleasingIt) {
  std::thread([this] {
    alignas(CollectorLock) static char room[sizeof(CollectorLock)];
    new (room) CollectorLock(page_);  // never destroyed
    EXPECT_TRUE(CollectorLives(page_));
  }).join();
  EXPECT_FALSE(CollectorLives(page_));
  EXPECT_NE(page_.collector_lock.load() & kFutexOwnerDied, 0u);
}

TEST_F(CollectorLockTest, GivesTheThreadItsOwnListBack) {
  robust_list_head *before = nullptr, *after = nullptr;
  size_t length = 0;
  ASSERT_EQ(syscall(SYS_get_robust_list, 0, &before, &length), 0);
  { const CollectorLock lock(page_); }
  ASSERT_EQ(syscall(SYS_get_robust_list, 0, &after, &length), 0);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace fdtrace
