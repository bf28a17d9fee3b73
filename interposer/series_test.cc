// Which calls on numbers that are not open are a sweep.
#include "interposer/series.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using Seen = NumberSeries::Seen;

TEST(ASeries, IsASweepFromTheThirdNeighbourOnUpAndDown) {
  for (const int step : {1, -1}) {
    NumberSeries series;
    EXPECT_EQ(series.NotOpen(Row::close, 100), Seen::kMistake);
    EXPECT_EQ(series.NotOpen(Row::close, 100 + step), Seen::kMistake);
    EXPECT_EQ(series.NotOpen(Row::close, 100 + 2 * step), Seen::kSweep);
    for (int i = 3; i < 50; ++i) EXPECT_EQ(series.NotOpen(Row::close, 100 + i * step), Seen::kSweepGoesOn) << i;
  }
}

TEST(ASeries, GoesOnOverNumbersThatWereOpen) {
  NumberSeries series;
  EXPECT_EQ(series.NotOpen(Row::close, 3), Seen::kMistake);
  series.Open(Row::close, 4);
  EXPECT_EQ(series.NotOpen(Row::close, 5), Seen::kMistake);
  series.Open(Row::close, 6);
  series.Open(Row::close, 7);
  EXPECT_EQ(series.NotOpen(Row::close, 8), Seen::kSweep);
  series.Open(Row::close, 9);
  EXPECT_EQ(series.NotOpen(Row::close, 10), Seen::kSweepGoesOn);
}

TEST(ASeries, IsNoneOfTheSameNumberOfAnotherFunctionOrOfNumbersApart) {
  NumberSeries series;
  for (int i = 0; i < 9; ++i) EXPECT_EQ(series.NotOpen(Row::close, 7), Seen::kMistake);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(series.NotOpen(i % 2 == 0 ? Row::close : Row::dup, i), Seen::kMistake);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(series.NotOpen(Row::close, 3 * i), Seen::kMistake);
  for (const int fd : {3, 4, 3, 4, 3}) EXPECT_EQ(series.NotOpen(Row::close, fd), Seen::kMistake);
}

TEST(ASeries, EndsWhereItBreaksAndMayBeginAgain) {
  NumberSeries series;
  for (int fd = 3; fd < 9; ++fd) series.NotOpen(Row::close, fd);
  EXPECT_EQ(series.NotOpen(Row::close, 30), Seen::kMistake);
  EXPECT_EQ(series.NotOpen(Row::close, 31), Seen::kMistake);
  series.Open(Row::close, 77);
  EXPECT_EQ(series.NotOpen(Row::close, 32), Seen::kMistake);
  EXPECT_EQ(series.NotOpen(Row::close, 33), Seen::kMistake);
  EXPECT_EQ(series.NotOpen(Row::close, 34), Seen::kSweep);
}

}  // namespace
}  // namespace fdtrace
