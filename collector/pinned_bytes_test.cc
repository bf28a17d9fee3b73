// Pinned bytes over time, and who held them when they were most.
#include "collector/pinned_bytes.h"

#include <algorithm>

#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using PinnedBytesTest = ModelFilesTest;

TEST_F(PinnedBytesTest, TheTimelineRisesAndFallsWithTheFiles) {
  Send(OpenedEvent(1 * kMs, {.id = Id(1, 1), .fd = 5, .stack = 11, .file = File(70)}));
  Send(OpenedEvent(1 * kMs, {.id = Id(1, 2), .fd = 6, .stack = 12, .file = File(71)}));
  Send(UnlinkedEvent(2 * kMs, {.file = Nameless(70, 100)}));
  Send(UnlinkedEvent(3 * kMs, {.file = Nameless(71, 50)}));
  model_->FilesHeld(
      1, {{.fd = 5, .file = Nameless(70, 300), .path = {}}, {.fd = 6, .file = Nameless(71, 50), .path = {}}}, 4 * kMs);
  Send(ClosedEvent(6 * kMs, CloseOf(Id(1, 1), 5)));
  model_->ProcessEnded(1, 8 * kMs, ProcessEnd::kExited);
  now_ = 9 * kMs;
  Written();
  ASSERT_THAT(trace_.filesystems, SizeIs(1));
  const TraceFilesystem& filesystem = trace_.filesystems[0];
  EXPECT_EQ(filesystem.device(), 1u);
  EXPECT_EQ(filesystem.window_ns(), kMs);
  EXPECT_THAT(filesystem.pinned_bytes(), ElementsAre(0, 0, 100, 150, 350, 350, 350, 50, 50, 0));
  EXPECT_EQ(filesystem.peak_bytes(), 350u);
  EXPECT_EQ(filesystem.peak_ns(), 4 * kMs);
  ASSERT_THAT(filesystem.peak_opened_at(), SizeIs(2));
  EXPECT_EQ(AddressAt(filesystem.peak_opened_at(0)), 0x11u);
  EXPECT_EQ(filesystem.peak_opened_at(0).count(), 300u);
  EXPECT_EQ(AddressAt(filesystem.peak_opened_at(1)), 0x12u);
  EXPECT_EQ(filesystem.peak_opened_at(1).count(), 50u);
}

TEST_F(PinnedBytesTest, AFileHeldByTwoProcessesCountsOnce) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .file = File(70)});
  Fork(2, 1, {0, 1, 2, 5});
  SendUnlinked({.file = Nameless(70, 100)});
  LookAtFiles({{.fd = 5, .file = Nameless(70, 100), .path = {}}}, 1);
  LookAtFiles({{.fd = 5, .file = Nameless(70, 100), .path = {}}}, 2);
  Written();
  ASSERT_THAT(trace_.filesystems, SizeIs(1));
  EXPECT_EQ(trace_.filesystems[0].peak_bytes(), 100u);
}

TEST_F(PinnedBytesTest, FileSystemsAreToldApartTheHighestPeakFirst) {
  for (const uint64_t device : {8u, 9u}) {
    const FileFacts file = {.device = device, .inode = 70, .links = 0, .bytes = device * 100, .apparent_bytes = 1};
    SendOpened({.id = Id(1, device), .fd = static_cast<int>(device), .stack = 11, .file = file});
    model_->FilesystemSeen({.device = device, .mount = "/m" + std::to_string(device), .type = "ext4", .is_memory = {}});
  }
  Written();
  ASSERT_THAT(trace_.filesystems, SizeIs(2));
  EXPECT_EQ(trace_.filesystems[0].mount(), "/m9");
  EXPECT_EQ(trace_.filesystems[0].peak_bytes(), 900u);
  EXPECT_EQ(trace_.filesystems[1].peak_bytes(), 800u);
}

TEST(PinnedBytesAloneTest, ThePeakKeepsItsTenLargestPlaces) {
  Sites sites;
  PinnedBytes pinned;
  for (uint32_t i = 1; i <= 20; ++i) pinned.Add(i * kMs, sites.Place(0, sites.Name("f" + std::to_string(i))), i);
  for (uint32_t i = 1; i <= 20; ++i)
    pinned.Remove((20 + i) * kMs, sites.Place(0, sites.Name("f" + std::to_string(i))), i);
  const TraceFilesystem trace = pinned.ToTrace(sites, 100 * kMs);
  EXPECT_EQ(trace.peak_bytes(), 210u);
  EXPECT_EQ(trace.peak_ns(), 20 * kMs);
  ASSERT_EQ(trace.peak_opened_at_size(), 10);
  EXPECT_EQ(trace.peak_opened_at(0).function(), "f20");
  EXPECT_EQ(trace.peak_opened_at(9).function(), "f11");
}

TEST(PinnedBytesAloneTest, ALongTimelineStaysBoundedAndKeepsItsPeak) {
  Sites sites;
  PinnedBytes pinned;
  pinned.Add(3 * kMs, 0, 1000);
  pinned.Remove(4 * kMs, 0, 1000);
  const TraceFilesystem trace = pinned.ToTrace(sites, 3'600'000 * kMs);
  EXPECT_LE(trace.pinned_bytes_size(), 512);
  EXPECT_GT(trace.pinned_bytes_size(), 128);
  EXPECT_EQ(*std::max_element(trace.pinned_bytes().begin(), trace.pinned_bytes().end()), 1000u);
  EXPECT_EQ(trace.pinned_bytes(trace.pinned_bytes_size() - 1), 0u);
}

}  // namespace
}  // namespace fdtrace
