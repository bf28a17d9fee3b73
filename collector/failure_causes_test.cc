// Why calls fail.
#include "collector/failure_causes.h"

#include <cerrno>

#include "collector/model_testing.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

TraceFailure::Cause CauseOf(const FailedCall& call, absl::string_view function, uint64_t open = 0) {
  return fdtrace::CauseOf(FailedEvent(0, call).failed(), function, open);
}

FailedCall Enospc(int fd = -1, const char* path = "file") {
  return {.error = ENOSPC, .path = path, .filesystem = std::nullopt, .fd = fd};
}

TraceFailure::Cause CauseOnDisk(const Room& room, absl::string_view function = "open", bool privileged = false) {
  FailedCall call = Enospc();
  call.filesystem = StateOf(room);
  call.privileged = privileged;
  return CauseOf(call, function);
}

TraceFailure::Cause CauseOfWrite(const Room& room) {
  FailedCall call = Enospc(3, "");
  call.filesystem = StateOf(room);
  return CauseOf(call, "write");
}

TEST(CauseOf, IsTheLimitOfTheProcessWhereACallTakesTheLowestNumber) {
  for (const char* function : {"open", "socket", "accept", "pipe", "dup", "fopen", "popen", "epoll_create1"}) {
    EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, function, 10), TraceFailure::PROCESS_LIMIT) << function;
  }
}

TEST(CauseOf, IsTheNumberOfInotifyInstancesWhileNumbersAreFree) {
  EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, "inotify_init1", 63), TraceFailure::INOTIFY_INSTANCES);
  EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, "inotify_init1", 64), TraceFailure::PROCESS_LIMIT);
}

TEST(CauseOf, IsNotKnownOfACallThatAsksForANumberWhileOthersAreFree) {
  EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, "fcntl", 10), TraceFailure::UNKNOWN);
  EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, "mq_open", 10), TraceFailure::UNKNOWN);
  EXPECT_EQ(CauseOf({.error = EMFILE, .limit = 64}, "fcntl", 64), TraceFailure::PROCESS_LIMIT);
}

TEST(CauseOf, IsTheLimitOfTheSystemAndTheQuotaByTheErrorAlone) {
  EXPECT_EQ(CauseOf({.error = ENFILE}, "open"), TraceFailure::SYSTEM_LIMIT);
  EXPECT_EQ(CauseOf({.error = EDQUOT}, "write"), TraceFailure::QUOTA);
}

TEST(CauseOf, IsNoDiskWhereInotifyHasNoMoreWatches) {
  EXPECT_EQ(CauseOf(Enospc(), "inotify_add_watch"), TraceFailure::INOTIFY_WATCHES);
}

TEST(CauseOf, OfAFullDiskIsWhatHasRunOut) {
  EXPECT_EQ(CauseOnDisk({}), TraceFailure::BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks_free = 900, .blocks_available = 900, .inodes = 40}), TraceFailure::INODES);
  EXPECT_EQ(CauseOnDisk({.inodes = 40}), TraceFailure::INODES);
  EXPECT_EQ(CauseOnDisk({.inodes = 40, .inodes_free = 3}), TraceFailure::BLOCKS);
}

TEST(CauseOf, OfAWriteIsABlockThoughInodesAreMissingToo) {
  EXPECT_EQ(CauseOfWrite({.inodes = 40}), TraceFailure::BLOCKS);
  EXPECT_EQ(CauseOfWrite({.blocks_free = 900, .blocks_available = 900, .inodes = 40}), TraceFailure::INODES);
}

TEST(CauseOf, IsBlocksWithAFewOfThemLeft) {
  EXPECT_EQ(CauseOnDisk({.blocks_free = 16, .blocks_available = 16}), TraceFailure::BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks = 1 << 20, .blocks_free = 4096, .blocks_available = 4096}), TraceFailure::BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks_free = 17, .blocks_available = 17}), TraceFailure::UNKNOWN);
  EXPECT_EQ(CauseOnDisk({.blocks = 1 << 20, .blocks_free = 5000, .blocks_available = 5000}), TraceFailure::UNKNOWN);
}

TEST(CauseOf, IsTheReserveForTheSuperuserUnlessItIsHim) {
  EXPECT_EQ(CauseOnDisk({.blocks_free = 50}), TraceFailure::RESERVED_BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks_free = 50, .blocks_available = 15}), TraceFailure::RESERVED_BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks_free = 50}, "open", /*privileged=*/true), TraceFailure::BLOCKS);
  EXPECT_EQ(CauseOnDisk({.blocks_free = 20}), TraceFailure::BLOCKS) << "the file system keeps that for itself";
}

TEST(CauseOf, IsBlocksWhereACallWantsAllOfThemAtOnce) {
  EXPECT_EQ(CauseOnDisk({.blocks_free = 900, .blocks_available = 900}, "posix_fallocate"), TraceFailure::BLOCKS);
}

TEST(CauseOf, IsNotKnownWhereNothingIsMissing) {
  EXPECT_EQ(CauseOnDisk({.blocks_free = 900, .blocks_available = 900}), TraceFailure::UNKNOWN);
  EXPECT_EQ(CauseOf(Enospc(), "open"), TraceFailure::UNKNOWN);
}

}  // namespace
}  // namespace fdtrace
