#include "interposer/descriptor_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fdtrace {
namespace {

TEST(DescriptorTableTest, ANumberHoldsWhatWasPutAndIsEmptyOnceTaken) {
  EXPECT_EQ(PutDescriptor(5, 55), 0u);
  EXPECT_EQ(LifetimeOf(5), 55u);
  EXPECT_EQ(TakeDescriptor(5), 55u);
  EXPECT_EQ(TakeDescriptor(5), 0u);
}

TEST(DescriptorTableTest, PuttingOverAFilledSlotTellsWhoWasThere) {
  PutDescriptor(6, 1);
  EXPECT_EQ(PutDescriptor(6, 2), 1u);
  EXPECT_EQ(TakeDescriptor(6), 2u);
}

TEST(DescriptorTableTest, NumbersUpToTheKernelsGreatestAreHeld) {
  constexpr int kGreatest = (1 << 30) - 1;
  EXPECT_EQ(PutDescriptor(kGreatest, 9), 0u);
  EXPECT_EQ(TakeDescriptor(kGreatest), 9u);
}

TEST(DescriptorTableTest, NumbersThatNoDescriptorCanHaveAreIgnored) {
  EXPECT_EQ(PutDescriptor(-1, 1), 0u);
  EXPECT_EQ(TakeDescriptor(-1), 0u);
  EXPECT_EQ(LifetimeOf(0x7ffffff0), 0u);
}

TEST(DescriptorTableTest, ARangeVisitsWhatIsFilledInOrderAcrossChunks) {
  for (int fd : {9, 10, 4095, 4096, 90'000, 90'001}) PutDescriptor(fd, 1);
  std::vector<int> seen;
  VisitDescriptors(10, 90'000, [&](int fd) { seen.push_back(fd); });
  EXPECT_THAT(seen, ::testing::ElementsAre(10, 4095, 4096, 90'000));
  VisitDescriptors(90'001, ~0u, [&](int fd) { seen.push_back(fd); });
  EXPECT_EQ(seen.back(), 90'001);
}

}  // namespace
}  // namespace fdtrace
