#include "collector/session_ring_users.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(RingUsersTest, GivesARingBackWhenTheChildHasGone) {
  RingUsers users(1);
  users.Enter(3, 20);
  EXPECT_EQ(users.Current(3), 20u);
  EXPECT_EQ(users.Current(4), 1u);
  users.Enter(3, 21);
  EXPECT_EQ(users.Current(3), 21u);
  users.Leave(3);
  EXPECT_EQ(users.Current(3), 20u);
  users.Leave(3);
  EXPECT_EQ(users.Current(3), 1u);
  users.Leave(3);  // one too many, as after a damage
  EXPECT_EQ(users.Current(3), 1u);
}

TEST(RingUsersTest, ForgetsTheOldestWhereTooManyNeverLeave) {
  RingUsers users(1);
  for (uint32_t child = 2; child < 10'000; ++child) users.Enter(0, child);
  EXPECT_EQ(users.Current(0), 9'999u);
  for (int i = 0; i < 100; ++i) users.Leave(0);
  EXPECT_EQ(users.Current(0), 1u);
}

TEST(RingUsersTest, KeepsASpawnForTheOneThatBeganIt) {
  RingUsers users(1);
  users.BeginSpawn(0, {.path = "/bin/a", .caller = {}}, 1);
  users.Enter(0, 20);  // by a signal handler
  EXPECT_EQ(users.EndSpawn(0), std::nullopt);
  EXPECT_EQ(users.UnclaimedSpawn(20), nullptr);
  users.Leave(0);
  ASSERT_NE(users.UnclaimedSpawn(1), nullptr);
  EXPECT_EQ(users.EndSpawn(0)->program.path, "/bin/a");
  EXPECT_EQ(users.UnclaimedSpawn(1), nullptr);
  EXPECT_EQ(users.EndSpawn(0), std::nullopt);
}

TEST(RingUsersTest, LetsEachSpawnBeClaimedOnce) {
  RingUsers users(1);
  users.BeginSpawn(0, {.path = "/bin/a", .caller = {}}, 1);
  users.BeginSpawn(1, {.path = "/bin/b", .caller = {}}, 1);
  users.UnclaimedSpawn(1)->early_child = 100;
  users.UnclaimedSpawn(1)->early_child = 101;
  EXPECT_EQ(users.UnclaimedSpawn(1), nullptr);
  EXPECT_NE(users.ClaimedBy(100), users.ClaimedBy(101));
  EXPECT_EQ(users.ClaimedBy(102), nullptr);
}

}  // namespace
}  // namespace fdtrace
