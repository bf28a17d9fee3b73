#include "viewer/filesystems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

TraceFilesystem& AddFilesystem(TraceMaker& trace, uint64_t window_ns, std::initializer_list<uint64_t> bytes) {
  TraceFilesystem& filesystem = trace->filesystems.emplace_back();
  filesystem.set_device(trace->filesystems.size());
  filesystem.set_window_ns(window_ns);
  filesystem.mutable_pinned_bytes()->Add(bytes.begin(), bytes.end());
  return filesystem;
}

TEST(Filesystems, TellTheirPeaksAndWhoHeldThem) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x20, "save", "/src/save.c", 8);
  for (const uint64_t address : {0x10, 0x18, 0x20}) trace.AddStack({address});
  AddFilesystem(trace, 1, {});
  AddFilesystem(trace, 1, {}).set_peak_bytes(10);
  TraceFilesystem& largest = AddFilesystem(trace, 1, {});
  largest.set_mount("/mnt/\n");
  largest.set_type("ext4");
  largest.set_peak_bytes(100);
  largest.set_peak_ns(kSecond);
  *largest.add_peak_opened_at() = TraceMaker::PlaceAt(3, "open", 50);
  *largest.add_peak_opened_at() = TraceMaker::PlaceAt(1, "open", 30);
  *largest.add_peak_opened_at() = TraceMaker::PlaceAt(2, "open", 30);
  const Report report = trace.Build();
  ASSERT_EQ(report.pinned_filesystems_size(), 2) << "the first never had any";
  const PinnedFilesystem& filesystem = report.pinned_filesystems(0);
  EXPECT_EQ(filesystem.mount(), "/mnt/\\x0a");
  EXPECT_EQ(filesystem.type(), "ext4");
  EXPECT_EQ(filesystem.peak_bytes(), 100);
  EXPECT_EQ(filesystem.peak_ns(), static_cast<int64_t>(kSecond));
  ASSERT_EQ(filesystem.peak_sites_size(), 2);
  EXPECT_EQ(filesystem.peak_sites(0).bytes(), 60);
  EXPECT_EQ(filesystem.peak_sites(0).stack(0).function(), "load");
  EXPECT_EQ(filesystem.peak_sites(1).bytes(), 50);
}

using Points = std::vector<std::pair<int64_t, int64_t>>;

Points TimelineOf(const PinnedFilesystem& filesystem) {
  Points points;
  for (const PinnedPoint& point : filesystem.timeline()) points.emplace_back(point.at_ns(), point.bytes());
  return points;
}

TEST(Filesystems, TellEachItsOwnBytesOverTime) {
  TraceMaker trace;
  AddFilesystem(trace, 100, {0, 5, 7}).set_peak_bytes(9);
  AddFilesystem(trace, 50, {1, 0}).set_peak_bytes(1);
  const Report report = trace.Build();
  ASSERT_EQ(report.pinned_filesystems_size(), 2);
  EXPECT_EQ(TimelineOf(report.pinned_filesystems(0)), (Points{{0, 0}, {100, 5}, {200, 7}}));
  EXPECT_EQ(TimelineOf(report.pinned_filesystems(1)), (Points{{0, 1}, {50, 0}}));
}

TEST(Filesystems, OfADamagedTraceHaveNoMomentsThatCannotBe) {
  TraceMaker trace;
  AddFilesystem(trace, std::numeric_limits<uint64_t>::max(), {1, 2}).set_peak_bytes(2);
  AddFilesystem(trace, 0, {1, 2}).set_peak_bytes(1);
  const Report report = trace.Build();
  ASSERT_EQ(report.pinned_filesystems_size(), 2);
  EXPECT_EQ(TimelineOf(report.pinned_filesystems(0)), (Points{{0, 1}}));
  EXPECT_THAT(TimelineOf(report.pinned_filesystems(1)), IsEmpty());
}

TEST(Filesystems, AddUpOverTimeWhateverTheirWindows) {
  TraceMaker trace;
  AddFilesystem(trace, 100, {0, 5, 7});
  AddFilesystem(trace, 50, {1, 0, 0, 3, 4});
  AddFilesystem(trace, 250, {10, 20});
  EXPECT_THAT(PinnedOverTime(*trace, 100), ElementsAre(11, 18, 10 + 7 + 4 + 10, 20, 20));
}

TEST(Filesystems, AreDrawnIntoTheTimelineOfDescriptors) {
  TraceMaker trace;
  AddFilesystem(trace, 100, {0, 5, 7});
  trace->timeline.emplace().set_window_ns(200);
  for (const uint32_t open : {1, 2, 3}) trace->timeline->add_open(open);
  Report report = trace.Build();
  ASSERT_EQ(report.timeline_size(), 3);
  EXPECT_EQ(report.timeline(0).pinned_bytes(), 5);
  EXPECT_EQ(report.timeline(1).pinned_bytes(), 7);
  EXPECT_EQ(report.timeline(2).pinned_bytes(), 0);
  EXPECT_EQ(report.timeline(2).open(), 3u);
  trace->timeline.reset();
  report = trace.Build();
  ASSERT_EQ(report.timeline_size(), 3) << "of a trace that lost the other";
  EXPECT_EQ(report.timeline(2).at_ns(), 200);
  EXPECT_EQ(report.timeline(2).pinned_bytes(), 7);
}

TEST(Filesystems, OfADamagedTraceCostLittle) {
  TraceMaker trace;
  AddFilesystem(trace, std::numeric_limits<uint64_t>::max(), {1, 2});
  AddFilesystem(trace, 0, {1});
  EXPECT_THAT(PinnedOverTime(*trace, 1), SizeIs(Le(1u << 16)));
  EXPECT_THAT(PinnedOverTime(*trace, 0), IsEmpty());
}

}  // namespace
}  // namespace fdtrace
