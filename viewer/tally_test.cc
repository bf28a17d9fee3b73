#include "viewer/tally.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(Tally, CountsEachNameOnceTheFirstFirstAndThenTheMostFrequent) {
  EXPECT_EQ(TallyOf({"make", "as", "gcc", "cc1", "gcc", "cc1", "gcc"}, 5), "make, gcc ×3, cc1 ×2, as");
  EXPECT_EQ(TallyOf(std::vector<std::string>(1200, "sh"), 5), "sh ×1,200");
  EXPECT_EQ(TallyOf({}, 5), "");
}

TEST(Tally, ShowsNoMoreThanAsked) { EXPECT_EQ(TallyOf({"a", "b", "c", "c", "d"}, 3), "a, c ×2, b, …"); }

}  // namespace
}  // namespace fdtrace
