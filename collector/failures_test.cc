// What is told of calls that failed, and who is blamed.
#include "collector/failures.h"

#include <cerrno>

#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FailuresTest : public ModelFilesTest {
 protected:
  void SetUp() override {
    ModelFilesTest::SetUp();
    Send(FunctionEvent(9, "inotify_init1", INOTIFY));
    Send(FunctionEvent(10, "inotify_add_watch"));
    Send(FunctionEvent(11, "pipe"));
    Send(FunctionEvent(12, "fcntl"));
  }

  void Open(int count, uint64_t stack, uint32_t function = 1) {
    for (int i = 0; i < count; ++i, ++next_) {
      SendOpened({.id = Id(1, next_), .fd = next_ + 2, .function = function, .stack = stack});
    }
  }
  void Fail(const FailedCall& call, uint32_t serial = 1) { Send(FailedEvent(now_ += kMs, call), serial); }
  void FailOnDisk(const Room& room, uint64_t stack = 30) {
    Fail({.error = ENOSPC, .stack = stack, .path = "new", .filesystem = StateOf(room)});
  }
  const TraceFailure& OnlyFailure() {
    Written();
    EXPECT_THAT(trace_.failures, SizeIs(1));
    static const TraceFailure none;
    return trace_.failures.empty() ? none : trace_.failures[0];
  }

  // "address: count", of all that are blamed.
  std::vector<std::string> Blamed(const TraceFailure& failure) const {
    std::vector<std::string> blamed;
    for (const TraceBlame& one : failure.blamed()) {
      blamed.push_back(std::to_string(AddressAt(one.at())) + ": " + std::to_string(one.at().count()));
    }
    return blamed;
  }

  int next_ = 1;  // number of the next lifetime
};

TEST_F(FailuresTest, OfOnePlaceAreOneRowWithThePictureOfTheFirst) {
  Open(50, 21);
  Open(11, 22);
  for (int i = 0; i < 6; ++i) Fail({.error = EMFILE, .stack = 21, .path = "/etc/hosts", .limit = 64});
  const TraceFailure& failure = OnlyFailure();
  EXPECT_EQ(failure.error(), EMFILE);
  EXPECT_EQ(failure.cause(), TraceFailure::PROCESS_LIMIT);
  EXPECT_EQ(failure.failed_at().count(), 6u);
  EXPECT_EQ(failure.failed_at().function(), "open");
  EXPECT_EQ(AddressAt(failure.failed_at()), 21u);
  EXPECT_EQ(failure.path(), "/etc/hosts");
  EXPECT_EQ(failure.process(), 1u);
  EXPECT_EQ(failure.first_ns(), 62 * kMs);
  EXPECT_EQ(failure.last_ns(), 67 * kMs);
  EXPECT_EQ(failure.open_count(), 64u);
  EXPECT_EQ(failure.limit(), 64u);
  EXPECT_EQ(failure.hard_limit(), 64u);
  EXPECT_EQ(failure.open_unknown(), 3u);
  EXPECT_THAT(Blamed(failure), ElementsAre("21: 50", "22: 11"));
}

TEST_F(FailuresTest, TakeWhatIsNotKnownFromTheLimitThatWasReached) {
  Open(10, 21);
  Fail({.error = EMFILE, .stack = 21, .limit = 64});
  EXPECT_EQ(OnlyFailure().open_count(), 64u);
  EXPECT_EQ(OnlyFailure().open_unknown(), 54u);
}

TEST_F(FailuresTest, OfACallThatMakesTwoMayHaveOneNumberLeft) {
  Open(60, 21);
  Fail({.error = EMFILE, .function = 11, .stack = 21, .limit = 64});
  EXPECT_EQ(OnlyFailure().open_count(), 63u);
}

TEST_F(FailuresTest, UnderALimitThatWasLoweredCountWhatIsBeyondItToo) {
  Open(97, 21);
  Fail({.error = EMFILE, .stack = 21, .limit = 10});
  EXPECT_EQ(OnlyFailure().open_count(), 100u);
  EXPECT_EQ(OnlyFailure().open_unknown(), 3u);
}

TEST_F(FailuresTest, OfANumberThatWasAskedForClaimNoLimitWhileFewAreOpen) {
  Open(2, 21);
  Fail({.error = EMFILE, .function = 12, .stack = 21, .limit = 64});
  EXPECT_EQ(OnlyFailure().cause(), TraceFailure::UNKNOWN);
  EXPECT_EQ(OnlyFailure().open_count(), 5u);
}

TEST_F(FailuresTest, BlameTwentyPlacesAndLeaveTheRestToTheCount) {
  for (uint64_t stack = 100; stack < 130; ++stack) {
    Send(StackEvent(stack, 7, stack));
    Open(stack < 110 ? 1 : 2, stack);
  }
  Fail({.error = EMFILE, .stack = 21, .limit = 53});
  const TraceFailure& failure = OnlyFailure();
  EXPECT_EQ(failure.open_count(), 53u);
  EXPECT_EQ(failure.open_unknown(), 3u);
  ASSERT_THAT(failure.blamed(), SizeIs(20));
  for (const TraceBlame& one : failure.blamed()) EXPECT_EQ(one.at().count(), 2u);
}

TEST_F(FailuresTest, AreToldApartByErrorAndCause) {
  Fail({.error = EMFILE, .stack = 21, .limit = 3});
  Fail({.error = ENFILE, .stack = 21});
  FailOnDisk({}, 21);
  FailOnDisk({.inodes = 40}, 21);
  Written();
  EXPECT_THAT(trace_.failures, SizeIs(4));
}

TEST_F(FailuresTest, AreOneRowThoughTheirStackIsToldLate) {
  Fail({.error = EMFILE, .stack = 77, .limit = 3});
  Send(StackEvent(77, 7, 77));
  Fail({.error = EMFILE, .stack = 77, .limit = 3});
  EXPECT_EQ(OnlyFailure().failed_at().count(), 2u);
  EXPECT_EQ(AddressAt(OnlyFailure().failed_at()), 77u);
  EXPECT_EQ(OnlyFailure().first_ns(), kMs);
}

class FailuresAgain : public FailuresTest {
 protected:
  // COUNT descriptors of STACK are open, then not.
  void OpenForAWhile(int count, uint64_t stack) {
    const int first = next_;
    Open(count, stack);
    Fail({.error = EMFILE, .stack = 21, .limit = 64});
    for (int i = first; i < next_; ++i) SendClosed({.id = Id(1, i), .fd = i + 2, .stack = 20});
  }
};

TEST_F(FailuresAgain, AreAnotherPictureWhenOtherCodeHasMost) {
  OpenForAWhile(61, 21);
  now_ += Failures::kRecheckNs;
  OpenForAWhile(61, 22);
  Fail({.error = EMFILE, .stack = 21, .limit = 64});
  Written();
  ASSERT_THAT(trace_.failures, SizeIs(2));
  const TraceFailure& later = trace_.failures[0];
  EXPECT_EQ(later.picture(), 1u);
  EXPECT_EQ(later.failed_at().count(), 2u);
  EXPECT_THAT(Blamed(later), ElementsAre("22: 61"));
  EXPECT_EQ(trace_.failures[1].picture(), 0u);
  EXPECT_EQ(trace_.failures[1].failed_at().count(), 1u);
  EXPECT_THAT(Blamed(trace_.failures[1]), ElementsAre("21: 61"));
  EXPECT_LT(trace_.failures[1].last_ns(), later.first_ns());
}

TEST_F(FailuresAgain, WhenTheSameCodeHasMostAreTheSamePicture) {
  OpenForAWhile(61, 21);
  now_ += Failures::kRecheckNs;
  OpenForAWhile(40, 21);
  EXPECT_EQ(OnlyFailure().failed_at().count(), 2u);
}

TEST_F(FailuresAgain, OfAnotherLimitAreAnotherPictureAtOnce) {
  Open(61, 21);
  Fail({.error = EMFILE, .stack = 21, .limit = 64});
  Open(64, 21);
  Fail({.error = EMFILE, .stack = 21, .limit = 128});
  Written();
  ASSERT_THAT(trace_.failures, SizeIs(2));
  EXPECT_EQ(trace_.failures[0].limit() + trace_.failures[1].limit(), 192u);
}

TEST_F(FailuresAgain, OfAnotherFileSystemAreAnotherPictureAtOnce) {
  FilesystemState disk = StateOf({});
  Fail({.error = ENOSPC, .stack = 30, .path = "new", .filesystem = disk});
  disk.set_device(disk.device() + 1);
  Fail({.error = ENOSPC, .stack = 30, .path = "new", .filesystem = disk});
  Written();
  EXPECT_THAT(trace_.failures, SizeIs(2));
}

TEST_F(FailuresAgain, AreFivePicturesAtMost) {
  for (uint64_t limit = 64; limit < 74; ++limit) Fail({.error = EMFILE, .stack = 21, .limit = limit});
  Written();
  ASSERT_THAT(trace_.failures, SizeIs(5));
  EXPECT_EQ(trace_.failures[0].failed_at().count(), 6u);
}

TEST_F(FailuresTest, OfASetThatEndsBeforeTheDescriptorBlameWhoOpenedMost) {
  Open(61, 21);
  Fail({.stack = 22, .fd = 1030, .beyond_set = true});
  const TraceFailure& failure = OnlyFailure();
  EXPECT_EQ(failure.error(), 0);
  EXPECT_EQ(failure.cause(), TraceFailure::FD_SET_SIZE);
  EXPECT_EQ(failure.limit(), 1024u);
  EXPECT_EQ(failure.fd(), 1030);
  EXPECT_EQ(failure.open_count(), 64u);
  EXPECT_THAT(Blamed(failure), ElementsAre("21: 61"));
}

TEST_F(FailuresTest, ToldBySignalCountIfTheFileSystemIsFull) {
  Fail({.error = ENOSPC, .stack = 30, .path = "/shm/a", .filesystem = StateOf({}), .by_signal = true});
  EXPECT_TRUE(OnlyFailure().by_signal());
  EXPECT_EQ(OnlyFailure().cause(), TraceFailure::BLOCKS);
}

TEST_F(FailuresTest, ToldBySignalAreNoneWhileThereIsRoom) {
  FilesystemState disk = StateOf({});
  disk.set_blocks_free(disk.blocks());
  disk.set_blocks_available(disk.blocks());
  Fail({.error = ENOSPC, .stack = 30, .path = "/shm/a", .filesystem = disk, .by_signal = true});
  Written();
  EXPECT_THAT(trace_.failures, IsEmpty());
}

TEST_F(FailuresTest, OfOtherErrorsAreNone) {
  Fail({.error = EBADF, .stack = 21});
  Written();
  EXPECT_THAT(trace_.failures, IsEmpty());
  EXPECT_EQ(trace_.end.events_lost(), 0u);
}

TEST_F(FailuresTest, OfTheSystemHaveItsLimits) {
  model_->LimitsSeen(1, {.files = 900, .inotify_watches = 50, .inotify_instances = 7});
  Open(2, 21);
  Open(3, 22, 9);
  Fail({.error = ENFILE, .stack = 31});
  Fail({.error = ENOSPC, .function = 10, .stack = 31});
  Fail({.error = EMFILE, .function = 9, .stack = 31, .limit = 64});
  Written();
  ASSERT_THAT(trace_.failures, SizeIs(3));
  for (const TraceFailure& failure : trace_.failures) {
    if (failure.cause() == TraceFailure::SYSTEM_LIMIT) {
      EXPECT_EQ(failure.limit(), 900u);
      EXPECT_THAT(Blamed(failure), ElementsAre("22: 3", "21: 2")) << "hold descriptors";
    } else {
      EXPECT_EQ(failure.limit(), failure.cause() == TraceFailure::INOTIFY_WATCHES ? 50u : 7u);
      EXPECT_THAT(Blamed(failure), ElementsAre("22: 3")) << "hold inotify instances";
    }
  }
}

TEST_F(FailuresTest, OfAFullDiskBlameWhoHoldsItsFilesWithoutANameAsOfTheNextLook) {
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 21, .file = File(70)});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 22, .file = File(71)});
  SendUnlinked({.file = Nameless(70)});
  FailOnDisk({});
  LookAtFiles({{.fd = 3, .file = Nameless(70, 3 * kMiB), .path = {}}});
  LookAtFiles({{.fd = 3, .file = Nameless(70, 9 * kMiB), .path = {}}});
  const TraceFailure& failure = OnlyFailure();
  EXPECT_EQ(failure.cause(), TraceFailure::BLOCKS);
  EXPECT_EQ(failure.pinned_bytes(), 3 * kMiB);
  EXPECT_EQ(failure.pinned_files(), 1u);
  ASSERT_THAT(failure.blamed(), SizeIs(1));
  EXPECT_EQ(AddressAt(failure.blamed(0).at()), 21u);
  EXPECT_EQ(failure.blamed(0).bytes(), 3 * kMiB);
  EXPECT_EQ(failure.blamed(0).pinned_bytes(), 3 * kMiB);
  EXPECT_EQ(failure.blamed(0).pinned_files(), 1u);
}

TEST_F(FailuresTest, OfAFullDiskKeepWhatWasPinnedThoughItIsGivenUpAtOnce) {
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 21, .file = File(70)});
  SendUnlinked({.file = Nameless(70, 3 * kMiB)});
  FailOnDisk({});
  SendClosed(CloseOf(Id(1, 1)));
  LookAtFiles({});
  EXPECT_EQ(OnlyFailure().pinned_bytes(), 3 * kMiB);
}

TEST_F(FailuresTest, OfAFullDiskBlameWhoWroteMostToIt) {
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 21, .file = File(70)});
  SendClosed({.id = Id(1, 1), .stack = 12, .file = File(70, 2 * kMiB)});
  SendOpened({.id = Id(1, 2), .fd = 3, .stack = 22, .file = File(71)});
  FileFacts elsewhere = File(72);
  elsewhere.device = 2;
  SendOpened({.id = Id(1, 3), .fd = 4, .stack = 23, .file = elsewhere});
  elsewhere.apparent_bytes = 8 * kMiB;
  SendClosed({.id = Id(1, 3), .fd = 4, .stack = 12, .file = elsewhere});
  FailOnDisk({});
  model_->FileSeen({.device = 1, .inode = 71, .path = {}}, File(71, 5 * kMiB), now_ += kMs);
  LookAtFiles({});
  const TraceFailure& failure = OnlyFailure();
  ASSERT_THAT(failure.blamed(), SizeIs(2));
  EXPECT_EQ(AddressAt(failure.blamed(0).at()), 22u);
  EXPECT_EQ(failure.blamed(0).bytes(), 5 * kMiB);
  EXPECT_EQ(AddressAt(failure.blamed(1).at()), 21u);
  EXPECT_EQ(failure.blamed(1).bytes(), 2 * kMiB);
}

TEST_F(FailuresTest, OfMissingInodesBlameWhoMadeMostFilesAndDidNotRemoveThem) {
  for (int i = 0; i < 5; ++i) {
    const uint64_t id = Id(1, static_cast<uint64_t>(i) + 1);
    const FileFacts file = File(70 + static_cast<uint64_t>(i));
    SendOpened({.id = id, .stack = i < 4 ? 21u : 22u, .path = "/spool/a", .file = file, .created = true});
    SendClosed({.id = id, .stack = 12, .file = file});
  }
  SendUnlinked({.file = Nameless(70), .path = "/spool/a"});
  FailOnDisk({.blocks_free = 900, .blocks_available = 900, .inodes = 40});
  const TraceFailure& failure = OnlyFailure();
  EXPECT_EQ(failure.cause(), TraceFailure::INODES);
  EXPECT_THAT(Blamed(failure), ElementsAre("21: 3", "22: 1"));
}

TEST_F(FailuresTest, SayWhereTheFileSystemIsMounted) {
  FailOnDisk({});
  model_->FilesystemSeen({.device = 1, .mount = "/spool", .type = "tmpfs", .is_memory = true});
  EXPECT_EQ(OnlyFailure().mount(), "/spool");
  EXPECT_EQ(OnlyFailure().type(), "tmpfs");
}

}  // namespace
}  // namespace fdtrace
