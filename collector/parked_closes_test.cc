#include "collector/parked_closes.h"

#include "gtest/gtest.h"

namespace fdtrace {
namespace {

TEST(ParkedCloses, ACloseIsTakenOnce) {
  ParkedCloses parked;
  parked.Park(7, {.at_ns = 5, .closer = 3});
  const auto close = parked.Take(7);
  ASSERT_TRUE(close.has_value());
  EXPECT_EQ(close->at_ns, 5u);
  EXPECT_EQ(close->closer, 3u);
  EXPECT_FALSE(parked.Take(7).has_value());
  parked.ForgetAll();
  EXPECT_EQ(parked.in_vain(), 0u);
}

TEST(ParkedCloses, OnlyClosesThatWereToldAreInVain) {
  ParkedCloses parked;
  parked.Park(7, {.at_ns = 5});
  parked.Park(8, {.at_ns = 5, .unseen = true});
  parked.ForgetAll();
  EXPECT_EQ(parked.in_vain(), 1u);
}

TEST(ParkedCloses, ManyThatWaitInVainAreForgottenAndTheRecentAreNot) {
  constexpr uint64_t kMinuteNs = 60'000'000'000;
  constexpr uint64_t kMany = 1'000'000;
  ParkedCloses parked;
  for (uint64_t id = 1; id <= kMany; ++id) parked.Park(id, {.at_ns = id * (kMinuteNs / 1000)});
  EXPECT_GT(parked.in_vain(), kMany / 2);
  EXPECT_TRUE(parked.Take(kMany - 999).has_value());
}

}  // namespace
}  // namespace fdtrace
