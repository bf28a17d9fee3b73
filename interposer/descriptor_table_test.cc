#include "interposer/descriptor_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fdtrace::descriptor_table {
namespace {

TEST(DescriptorTableTest, ANumberHoldsWhatWasPutAndIsEmptyOnceTaken) {
  EXPECT_EQ(Put(5, {.id = 55, .row = Row::socket}), 0u);
  EXPECT_EQ(Get(5).id, 55u);
  EXPECT_EQ(Get(5).row, Row::socket);
  EXPECT_EQ(Take(5).id, 55u);
  EXPECT_EQ(Take(5).id, 0u);
  EXPECT_EQ(Get(5).id, 0u);
}

TEST(DescriptorTableTest, AStackThatComesTooLateIsNotTheNextOnes) {
  Put(7, {.id = 1, .row = Row::open});
  SetStack(7, 1, 100);
  EXPECT_EQ(Get(7).stack, 100u);
  Take(7);
  Put(7, {.id = 2, .row = Row::dup});
  EXPECT_EQ(Get(7).stack, 0u);
  SetStack(7, 1, 100);
  EXPECT_EQ(Get(7).stack, 0u);
  Take(7);
}

TEST(DescriptorTableTest, WhetherItsFileIsFollowedIsOfTheLifetimeAlone) {
  Put(8, {.id = 1, .row = Row::open, .has_file = true});
  EXPECT_TRUE(Get(8).has_file);
  EXPECT_TRUE(Take(8).has_file);
  EXPECT_FALSE(Take(8).has_file);
  Put(8, {.id = 2, .row = Row::socket});
  EXPECT_FALSE(Take(8).has_file);
}

TEST(DescriptorTableTest, PuttingOverAFilledSlotTellsWhoWasThere) {
  Put(6, {.id = 1, .row = Row::open});
  EXPECT_EQ(Put(6, {.id = 2, .row = Row::open}), 1u);
  EXPECT_EQ(Take(6).id, 2u);
}

TEST(DescriptorTableTest, NumbersUpToTheKernelsGreatestAreHeld) {
  constexpr int kGreatest = (1 << 30) - 1;
  EXPECT_EQ(Put(kGreatest, {.id = 9, .row = Row::open}), 0u);
  EXPECT_EQ(Take(kGreatest).id, 9u);
}

TEST(DescriptorTableTest, NumbersThatNoDescriptorCanHaveAreIgnored) {
  EXPECT_EQ(Put(-1, {.id = 1, .row = Row::open}), 0u);
  EXPECT_EQ(Take(-1).id, 0u);
  EXPECT_EQ(Get(0x7ffffff0).id, 0u);
}

TEST(DescriptorTableTest, FilledNumbersAreFoundInOrderAcrossChunks) {
  for (int fd : {9, 10, 4095, 4096, 90'000, 90'001}) Put(fd, {.id = 1, .row = Row::open});
  std::vector<uint32_t> seen;
  for (uint32_t fd = NextFilled(10); fd != UINT32_MAX; fd = NextFilled(fd + 1)) seen.push_back(fd);
  EXPECT_THAT(seen, ::testing::ElementsAre(10, 4095, 4096, 90'000, 90'001));
}

}  // namespace
}  // namespace fdtrace::descriptor_table
