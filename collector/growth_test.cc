// By how much files grew, by the code that opened them.
#include "collector/growth.h"

#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class GrowthTest : public ModelFilesTest {
 protected:
  void OpenFile(uint64_t count, int fd, uint64_t inode, uint64_t size, uint64_t stack, bool created = false,
                uint32_t serial = 1) {
    SendOpened({.id = Id(serial, count),
                .fd = fd,
                .stack = stack,
                .path = "/var/log/x",
                .file = File(inode, size),
                .created = created},
               serial);
  }
  void CloseFile(uint64_t count, int fd, uint64_t inode, uint64_t size, uint32_t serial = 1) {
    SendClosed({.id = Id(serial, count), .fd = fd, .file = File(inode, size)}, serial);
  }
  // Another call says that it made the file, which it found missing so long before, and how large it saw it.
  void MakeMeanwhile(uint64_t seen_size, uint64_t absent_for_ns) {
    SendOpened({.id = Id(1, 2),
                .fd = 6,
                .stack = 12,
                .path = "/var/log/x",
                .file = File(70, seen_size),
                .created = true,
                .absent_for_ns = absent_for_ns});
  }
  uint64_t GrowthOfAll() {
    uint64_t bytes = 0;
    for (const TraceGrowth& growth : Written().growth) bytes += growth.bytes();
    return bytes;
  }
  const TraceGrowth& OnlyGrowth() {
    Written();
    EXPECT_THAT(trace_.growth, SizeIs(1));
    static const TraceGrowth none;
    return trace_.growth.empty() ? none : trace_.growth[0];
  }
};

// Neither found a file, and each says that it made it. The other's events are read when the first has ended.
TEST_F(GrowthTest, AFileThatTwoMakeAtOnceIsOne) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  CloseFile(1, 5, 70, 100);
  MakeMeanwhile(100, 10 * kMs);
  CloseFile(2, 6, 70, 155);
  EXPECT_EQ(GrowthOfAll(), 155u);
}

// It looked, saw the file empty, and was kept from telling until the other had written and closed.
TEST_F(GrowthTest, ASizeThatIsToldLateTakesNothingBack) {
  OpenFile(1, 5, 70, 0, 11);
  CloseFile(1, 5, 70, 100);
  now_ += 20 * kMs;
  MakeMeanwhile(0, 40 * kMs);
  CloseFile(2, 6, 70, 155);
  EXPECT_EQ(GrowthOfAll(), 155u);
}

TEST_F(GrowthTest, OfSizesToldAtOnceTheLargerIsTheNewer) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  OpenFile(2, 6, 70, 0, 11);
  CloseFile(1, 5, 70, 100);
  now_ -= kMs / 2;
  CloseFile(2, 6, 70, 60);  // by a clock that was read after it looked
  now_ += kMs / 2;
  OpenFile(3, 7, 70, 100, 11);
  CloseFile(3, 7, 70, 155);
  EXPECT_EQ(OnlyGrowth().bytes(), 155u);
}

TEST_F(GrowthTest, AFileMadeWhereThatBeforeWasGoneIsAnother) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  CloseFile(1, 5, 70, 100);
  now_ += 20 * kMs;
  MakeMeanwhile(0, 10 * kMs);
  CloseFile(2, 6, 70, 55);
  EXPECT_EQ(GrowthOfAll(), 155u);
}

TEST_F(GrowthTest, ANewFileGrewByItsSize) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  CloseFile(1, 5, 70, 6'553'600);
  const TraceGrowth& growth = OnlyGrowth();
  EXPECT_EQ(growth.bytes(), 6'553'600u);
  EXPECT_EQ(growth.files(), 1u);
  EXPECT_EQ(growth.path(), "/var/log/x");
  EXPECT_EQ(AddressAt(growth.opened_at()), 0x11u);
  EXPECT_EQ(growth.opened_at().function(), "open");
  EXPECT_EQ(growth.opened_at().count(), 1u);
}

// As dd does it.
TEST_F(GrowthTest, ADuplicateOnStandardOutputGrowsWhatItsSourceOpened) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  SendOpened({.id = Id(1, 2), .fd = 1, .function = 4, .stack = 12, .source = Id(1, 1), .file = File(70)});
  CloseFile(1, 5, 70, 0);
  CloseFile(2, 1, 70, 6'553'600);
  EXPECT_EQ(OnlyGrowth().bytes(), 6'553'600u);
  EXPECT_EQ(AddressAt(trace_.growth[0].opened_at()), 0x11u);
}

TEST_F(GrowthTest, AFileOpenedToAppendGrewByWhatWasAppended) {
  OpenFile(1, 5, 70, 1000, 11);
  CloseFile(1, 5, 70, 1500);
  OpenFile(2, 5, 70, 1500, 11);
  CloseFile(2, 5, 70, 1700);
  EXPECT_EQ(OnlyGrowth().bytes(), 700u);
  EXPECT_EQ(trace_.growth[0].files(), 1u);
}

TEST_F(GrowthTest, AFileThatDidNotGrowIsNotListed) {
  OpenFile(1, 5, 70, 1000, 11);
  CloseFile(1, 5, 70, 1000);
  EXPECT_THAT(Written().growth, IsEmpty());
}

TEST_F(GrowthTest, ATruncatedFileGrowsFromNothingAgain) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  CloseFile(1, 5, 70, 1000);
  OpenFile(2, 5, 70, 0, 11);  // O_TRUNC
  CloseFile(2, 5, 70, 400);
  EXPECT_EQ(OnlyGrowth().bytes(), 1400u);
}

TEST_F(GrowthTest, TwoDescriptorsOfOneFileDoNotCountTheSameBytes) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  OpenFile(2, 6, 70, 100, 12);
  CloseFile(2, 6, 70, 300);
  CloseFile(1, 5, 70, 1000);
  Written();
  ASSERT_THAT(trace_.growth, SizeIs(2));
  EXPECT_EQ(trace_.growth[0].bytes(), 800u) << "100 before the second opened, 700 after it closed";
  EXPECT_EQ(AddressAt(trace_.growth[0].opened_at()), 0x11u);
  EXPECT_EQ(trace_.growth[1].bytes(), 200u);
  EXPECT_EQ(AddressAt(trace_.growth[1].opened_at()), 0x12u);
}

TEST_F(GrowthTest, ByteSumsDoNotDependOnTheOrderInWhichProcessesAreRead) {
  struct Step {
    uint32_t serial;
    Event event;
  };
  const auto open = [](uint64_t at_ns, uint32_t serial, uint64_t size, uint64_t stack, bool created) -> Step {
    return {
        serial,
        OpenedEvent(
            at_ns,
            {.id = Id(serial, 1), .fd = 5, .stack = stack, .path = "/x", .file = File(70, size), .created = created})};
  };
  const auto close = [](uint64_t at_ns, uint32_t serial, uint64_t size) -> Step {
    return {serial, ClosedEvent(at_ns, {.id = Id(serial, 1), .fd = 5, .file = File(70, size)})};
  };
  const std::vector<Step> of_first = {open(10 * kMs, 1, 0, 11, true), close(40 * kMs, 1, 700)};
  const std::vector<Step> of_second = {open(20 * kMs, 2, 100, 12, false), close(60 * kMs, 2, 1000)};
  for (const unsigned order : {0b0011u, 0b1100u, 0b0101u, 0b1010u, 0b0110u, 0b1001u}) {
    model_ = MakeModel();
    now_ = 0;
    SetUp();
    Fork(2, 1, {0, 1, 2});
    size_t first = 0, second = 0;
    for (int i = 0; i < 4; ++i) {
      const Step& step = (order >> i & 1) != 0 ? of_first[first++] : of_second[second++];
      Send(step.event, step.serial);
    }
    now_ = 100 * kMs;
    uint64_t sum = 0;
    for (const TraceGrowth& growth : Written().growth) sum += growth.bytes();
    EXPECT_EQ(sum, 1000u) << "order " << order;
  }
}

TEST_F(GrowthTest, ALookAtTheEndTellsOfWhatIsStillOpen) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  model_->Compare(1, {{.fd = 5, .link = "/var/log/moved", .description = {}, .resource = FILE, .file = File(70, 5000)}},
                  now_ += kMs);
  End();
  EXPECT_EQ(OnlyGrowth().bytes(), 5000u);
}

TEST_F(GrowthTest, AReaderAddsNothingAndWhatOthersAddedIsNotTheNextWriters) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/var/log/x"});
  for (const uint64_t size : {100u, 900u}) {
    model_->Compare(1, {{.fd = 5, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, size)}},
                    now_ += kMs);
  }
  OpenFile(2, 6, 70, 1000, 12);
  CloseFile(2, 6, 70, 1001);
  EXPECT_EQ(OnlyGrowth().bytes(), 1u);
}

TEST_F(GrowthTest, FilesOfOnePlaceAreSummedAndTheLargestNamed) {
  OpenFile(1, 5, 70, 0, 11, /*created=*/true);
  CloseFile(1, 5, 70, 10);
  SendOpened({.id = Id(1, 2), .fd = 5, .stack = 11, .path = "/var/log/y", .file = File(71), .created = true});
  CloseFile(2, 5, 71, 30);
  OpenFile(3, 5, 72, 0, 11, /*created=*/true);
  CloseFile(3, 5, 72, 20);
  const TraceGrowth& growth = OnlyGrowth();
  EXPECT_EQ(growth.bytes(), 60u);
  EXPECT_EQ(growth.files(), 3u);
  EXPECT_EQ(growth.path(), "/var/log/y");
}

TEST_F(GrowthTest, AnInodeThatIsUsedAgainIsAnotherFile) {
  for (uint64_t i = 1; i <= 3; ++i) {
    OpenFile(i, 5, 70, 0, 11, /*created=*/true);
    CloseFile(i, 5, 70, 50);
    SendUnlinked({.file = Nameless(70, 50), .path = "/var/log/x"});
  }
  EXPECT_EQ(OnlyGrowth().bytes(), 150u);
  EXPECT_EQ(trace_.growth[0].files(), 3u);
}

TEST_F(GrowthTest, AMemoryFileIsNoFileThatGrew) {
  SendOpened({.id = Id(1, 1), .fd = 5, .function = 8, .stack = 11, .file = Nameless(70)});
  CloseFile(1, 5, 70, kMiB);
  EXPECT_THAT(Written().growth, IsEmpty());
}

TEST_F(GrowthTest, ACloseReadBeforeItsOpenTellsTheLastSize) {
  Send(ClosedEvent(5 * kMs, {.id = Id(1, 1), .fd = 5, .file = File(70, 800)}), 1, 2);
  Send(OpenedEvent(4 * kMs, {.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/x", .file = File(70), .created = true}));
  EXPECT_EQ(OnlyGrowth().bytes(), 800u);
}

}  // namespace
}  // namespace fdtrace
