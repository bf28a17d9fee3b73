#include "collector/settled_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

TEST(SettledNumbersTest, AgreesAtOnceWithWhatDoesNotDiffer) {
  SettledNumbers numbers;
  std::vector<int> listed = {0, 1, 2};
  EXPECT_TRUE(numbers.Settle(listed, {0, 1, 2}, /*may_change=*/true));
  EXPECT_THAT(listed, ElementsAre(0, 1, 2));
}

TEST(SettledNumbersTest, BelievesTheListingOfAProcessThatStandsStill) {
  SettledNumbers numbers;
  std::vector<int> listed = {0, 1, 5};
  EXPECT_TRUE(numbers.Settle(listed, {0, 1, 2}, /*may_change=*/false));
  EXPECT_THAT(listed, ElementsAre(0, 1, 5));
}

TEST(SettledNumbersTest, BelievesWhatStaysDifferentThroughEveryLook) {
  SettledNumbers numbers;
  for (int look = 1; look < SettledNumbers::kLooks; ++look) {
    std::vector<int> listed = {0, 1, 5};
    EXPECT_FALSE(numbers.Settle(listed, {0, 1, 2}, true));
  }
  std::vector<int> listed = {0, 1, 5};
  EXPECT_TRUE(numbers.Settle(listed, {0, 1, 2}, true));
  EXPECT_THAT(listed, ElementsAre(0, 1, 5));
}

TEST(SettledNumbersTest, SettlesWhenADifferenceHasPassed) {
  SettledNumbers numbers;
  std::vector<int> first = {0, 7};
  EXPECT_FALSE(numbers.Settle(first, {0}, true));
  std::vector<int> second = {0, 8};
  EXPECT_TRUE(numbers.Settle(second, {0}, true));
  EXPECT_THAT(second, ElementsAre(0));  // 8 is the next call caught in the middle: for the model to say
}

TEST(SettledNumbersTest, LeavesToTheModelWhatChangesFromLookToLook) {
  SettledNumbers numbers;
  std::vector<int> listed = {0, 5, 7};  // 5 is unseen for good; 7 is being opened
  EXPECT_FALSE(numbers.Settle(listed, {0}, true));
  listed = {0, 5};  // 9 is being closed
  EXPECT_FALSE(numbers.Settle(listed, {0, 9}, true));
  listed = {0, 5, 8};
  EXPECT_FALSE(numbers.Settle(listed, {0}, true));
  listed = {0, 5, 11};
  EXPECT_TRUE(numbers.Settle(listed, {0, 10}, true));
  EXPECT_THAT(listed, ElementsAre(0, 5, 10));
}

TEST(SettledNumbersTest, StartsAnewAfterItHasSettled) {
  SettledNumbers numbers;
  std::vector<int> listed = {5};
  ASSERT_TRUE(numbers.Settle(listed, {}, false));
  listed = {6};
  EXPECT_FALSE(numbers.Settle(listed, {}, true));
}

}  // namespace
}  // namespace fdtrace
