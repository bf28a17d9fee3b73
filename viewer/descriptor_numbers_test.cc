#include "viewer/descriptor_numbers.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(DescriptorNumbers, AreRangesWhereThreeOrMoreStandInARow) {
  EXPECT_EQ(DescriptorNumbers({3}, 8), "fd 3");
  EXPECT_EQ(DescriptorNumbers({3, 7}, 8), "fds 3, 7");
  EXPECT_EQ(DescriptorNumbers({3, 4}, 8), "fds 3, 4");
  EXPECT_EQ(DescriptorNumbers({3, 4, 5}, 8), "fds 3-5");
  EXPECT_EQ(DescriptorNumbers({5, 6, 7, 8, 10, 12, 13, 20, 21, 22}, 8), "fds 5-8, 10, 12, 13, 20-22");
}

TEST(DescriptorNumbers, ComeInAnyOrderAndAreShownOnce) {
  EXPECT_EQ(DescriptorNumbers({9, 3, 4, 9, 5, 3}, 8), "fds 3-5, 9");
}

TEST(DescriptorNumbers, AreCountedWhereThereAreTooMany) {
  EXPECT_EQ(DescriptorNumbers({3, 5, 7, 9}, 2), "fds 3, 5, … (2 more)");
  EXPECT_EQ(DescriptorNumbers({3, 5, 7, 8, 9}, 2), "fds 3, 5, … (3 more)");
  EXPECT_EQ(DescriptorNumbers({3, 4, 5, 6, 8}, 1), "fds 3-6, … (1 more)");
}

}  // namespace
}  // namespace fdtrace
