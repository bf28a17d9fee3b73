#include "collector/shape.h"

#include "collector/timeline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ShapeTest, FewOperationsAreKeptOneByOne) {
  Shape shape;
  for (const uint32_t open : {1, 2, 1, 5}) shape.Add(open, uint64_t{10} * open);
  EXPECT_EQ(shape.ToTrace().operations_per_window(), 1u);
  EXPECT_THAT(shape.ToTrace().low(), ElementsAre(1, 2, 1, 5));
  EXPECT_THAT(shape.ToTrace().high(), ElementsAre(1, 2, 1, 5));
  EXPECT_THAT(shape.ToTrace().ended_ns(), ElementsAre(10, 20, 10, 50));
}

TEST(ShapeTest, AFullShapeJoinsPairsAndKeepsTheirExtremes) {
  Shape shape;
  for (uint32_t i = 0; i < 65; ++i) shape.Add(i % 2 == 0 ? i : 1000, i);
  const TraceShape trace = shape.ToTrace();
  EXPECT_EQ(trace.operations_per_window(), 2u);
  ASSERT_THAT(trace.low(), SizeIs(33));
  EXPECT_EQ(trace.low(1), 2u);
  EXPECT_EQ(trace.high(1), 1000u);
  EXPECT_EQ(trace.high(32), 64u) << "the window begun last";
}

TEST(ShapeTest, ManyOperationsAtOnceCountLikeOneByOne) {
  Shape one_by_one, at_once;
  for (int i = 0; i < 10'000; ++i) one_by_one.Add(7, 3);
  at_once.Add(7, 3, 10'000);
  EXPECT_EQ(one_by_one.ToTrace().SerializeAsString(), at_once.ToTrace().SerializeAsString());
  EXPECT_EQ(at_once.operations(), 10'000u);
}

TEST(ShapeTest, AWindowEndsWithItsLatestOperationHoweverOftenWindowsAreJoined) {
  Shape shape;
  for (uint64_t i = 0; i < 1000; ++i) shape.Add(1, i);
  const TraceShape trace = shape.ToTrace();
  ASSERT_EQ(trace.operations_per_window(), 16u);
  ASSERT_THAT(trace.ended_ns(), SizeIs(63));
  ASSERT_THAT(trace.low(), SizeIs(63));
  for (int i = 0; i < 62; ++i) EXPECT_EQ(trace.ended_ns(i), 16u * i + 15) << i;
  EXPECT_EQ(trace.ended_ns(62), 999u) << "the window begun last ends with what it has";
}

TEST(ShapeTest, OperationsThatComeLateMoveNoTimeBack) {
  Shape shape;
  for (uint64_t i = 0; i < 64; ++i) shape.Add(1, 1000 - i);
  shape.Add(1, 2000);
  shape.Add(1, 5);
  const TraceShape trace = shape.ToTrace();
  ASSERT_THAT(trace.ended_ns(), SizeIs(33));
  EXPECT_EQ(trace.ended_ns(0), 1000u);
  EXPECT_EQ(trace.ended_ns(31), 938u);
  EXPECT_EQ(trace.ended_ns(32), 2000u);
}

TEST(TimelineTest, KeepsTheMostOfEachWindowAndCarriesTheRestOn) {
  Timeline timeline;
  timeline.Change(0, 1);
  timeline.Change(100, 4);
  timeline.Change(200, -3);
  timeline.Change(3'500'000, 1);
  EXPECT_THAT(timeline.ToTrace(4'000'000).open(), ElementsAre(5, 2, 2, 3, 3));
  EXPECT_EQ(timeline.ToTrace(4'000'000).window_ns(), 1'000'000u);
}

TEST(TimelineTest, WindowsDoubleAsTimeGoes) {
  Timeline timeline;
  for (uint64_t ms = 0; ms < 10'000; ++ms) timeline.Change(ms * 1'000'000, ms == 5000 ? 10 : ms == 5001 ? -10 : 0);
  const TraceTimeline trace = timeline.ToTrace(10'000'000'000);
  EXPECT_LE(trace.open_size(), 512);
  EXPECT_EQ(trace.window_ns(), 32'000'000u);
  EXPECT_EQ(trace.open(5000 / 32), 10u);
  EXPECT_EQ(trace.open(5000 / 32 + 1), 0u);
}

TEST(TimelineTest, AbsurdTimesDoNoHarm) {
  Timeline timeline;
  timeline.Change(UINT64_MAX, 3);
  timeline.Change(5, -1);
  EXPECT_LE(timeline.ToTrace(UINT64_MAX).open_size(), 512);
  EXPECT_THAT(timeline.ToTrace(10).open(), Each(testing::Le(3u)));
}

}  // namespace
}  // namespace fdtrace
