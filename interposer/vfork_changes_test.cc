#include "interposer/vfork_changes.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(VforkChangesTest, TheNewestChangeOfANumberHolds) {
  VforkChanges* const changes = VforkChanges::Acquire();
  ASSERT_TRUE(changes->Begin(nullptr));
  EXPECT_EQ(changes->Find(5), nullptr);
  changes->Set(5, {.id = 50});
  changes->Set(5, {});
  changes->Set(7, {.id = 70});
  EXPECT_EQ(changes->Find(5)->id, 0u);
  EXPECT_EQ(changes->NextFilled(0), 7u);
  EXPECT_EQ(changes->NextFilled(8), UINT32_MAX);
  changes->End();
  VforkChanges::Release(changes);
}

TEST(VforkChangesTest, WhatAChildsChildChangedIsDroppedWithIt) {
  VforkChanges* const changes = VforkChanges::Acquire();
  ASSERT_TRUE(changes->Begin(nullptr));
  changes->Set(5, {.id = 50});
  ASSERT_TRUE(changes->Begin(nullptr));
  changes->Set(5, {.id = 51});
  changes->End();
  EXPECT_EQ(changes->Find(5)->id, 50u);
  changes->End();
  EXPECT_EQ(changes->Find(5), nullptr);
  VforkChanges::Release(changes);
}

TEST(VforkChangesTest, OneNumberChangedOverAndOverTakesRoomOnce) {
  VforkChanges* const changes = VforkChanges::Acquire();
  ASSERT_TRUE(changes->Begin(nullptr));
  for (uint64_t id = 1; id < 5000; ++id) ASSERT_TRUE(changes->Set(5, {.id = id}));
  EXPECT_EQ(changes->Find(5)->id, 4999u);
  changes->End();
  VforkChanges::Release(changes);
}

TEST(VforkChangesTest, ThereIsAnEndToChangesAndLevels) {
  VforkChanges* const changes = VforkChanges::Acquire();
  int levels = 0;
  while (changes->Begin(nullptr)) ++levels;
  EXPECT_GE(levels, 4);
  int count = 0;
  while (changes->Set(count, {.id = 1})) ++count;
  EXPECT_GE(count, 256);
  VforkChanges::Release(changes);
  EXPECT_EQ(VforkChanges::Acquire()->Find(0), nullptr);
}

}  // namespace
}  // namespace fdtrace
