#include "collector/another_object.h"

#include "gtest/gtest.h"

namespace fdtrace {
namespace {

TEST(AnotherObject, WhatOnlyItsCallMakesIsNeverAFile) {
  EXPECT_TRUE(IsAnotherObject(SOCKET, /*has_path=*/false, FILE));
  EXPECT_TRUE(IsAnotherObject(SOCKET, false, EPOLL));
  EXPECT_TRUE(IsAnotherObject(FILE, /*has_path=*/true, SOCKET));
}

TEST(AnotherObject, InDoubtItIsTheSame) {
  EXPECT_FALSE(IsAnotherObject(SOCKET, false, SOCKET));
  EXPECT_FALSE(IsAnotherObject(SOCKET, false, RESOURCE_UNKNOWN));
  EXPECT_FALSE(IsAnotherObject(FILE, /*has_path=*/false, SOCKET));
  EXPECT_FALSE(IsAnotherObject(FILE, true, DEVICE)) << "a path may lead to anything that has one";
  EXPECT_FALSE(IsAnotherObject(RESOURCE_UNKNOWN, true, SOCKET));
}

}  // namespace
}  // namespace fdtrace
