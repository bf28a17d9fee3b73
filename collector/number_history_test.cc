#include "collector/number_history.h"

#include "gtest/gtest.h"

namespace fdtrace {
namespace {

NumberOpening Opening(uint64_t id, uint64_t at_ns) { return {.id = id, .at_ns = at_ns, .place = 100 + uint32_t(id)}; }

NumberClosing Closing(uint64_t id, uint64_t at_ns) {
  return {.id = id, .at_ns = at_ns, .place = 200 + uint32_t(id), .own = id != 0};
}

TEST(NumberHistory, TellsWhatHadTheNumberLastAtAnyTime) {
  NumberHistory history;
  history.Open(Opening(1, 10));
  history.Close(Closing(1, 20));
  history.Open(Opening(2, 30));
  EXPECT_TRUE(history.At(5).never_open);
  EXPECT_EQ(history.At(5).last, nullptr);
  EXPECT_EQ(history.At(25).last->id, 1u);
  EXPECT_EQ(history.At(25).last->closed_at, 201u);
  EXPECT_EQ(history.At(35).last->id, 2u);
  EXPECT_TRUE(history.At(35).last->is_open());
  EXPECT_EQ(history.At(35).elder->id, 1u);
  EXPECT_FALSE(history.At(35).never_open);
}

TEST(NumberHistory, IsTheSameInWhateverOrderItIsTold) {
  NumberHistory history;
  history.Close(Closing(2, 40));
  history.Close(Closing(1, 20));
  history.Open(Opening(2, 30));
  history.Open(Opening(1, 10));
  const NumberHistory::Before before = history.At(50);
  EXPECT_EQ(before.last->id, 2u);
  EXPECT_EQ(before.last->opened_at, 102u);
  EXPECT_EQ(before.last->closed_at, 202u);
  EXPECT_EQ(before.elder->id, 1u);
  EXPECT_EQ(before.elder->opened_ns, 10u);
}

TEST(NumberHistory, WhatItHasForgottenWasNotNeverOpen) {
  NumberHistory history;
  for (uint64_t id = 1; id <= NumberHistory::kKept + 1; ++id) {
    history.Open(Opening(id, 20 * id));
    history.Close(Closing(id, 20 * id + 10));
  }
  EXPECT_EQ(history.At(35).last, nullptr);
  EXPECT_FALSE(history.At(35).never_open);
  EXPECT_EQ(history.At(UINT64_MAX).last->id, NumberHistory::kKept + 1);
}

TEST(NumberHistory, ACloseWithoutAnIdIsOfWhatWasGiven) {
  NumberHistory history;
  history.Given(7);
  history.Close(Closing(0, 20));
  EXPECT_EQ(history.At(30).last->opened_at, 7u);
  EXPECT_EQ(history.At(30).last->closed_at, 200u);
  EXPECT_EQ(history.At(30).elder, nullptr);
}

TEST(NumberHistory, AParentsIdIsOfWhatWasGivenToo) {
  NumberHistory history;
  history.Given(7);
  history.Close({.id = 9, .at_ns = 20, .place = 3, .own = false});
  EXPECT_EQ(history.At(30).last->opened_at, 7u);
  EXPECT_EQ(history.At(30).last->closed_at, 3u);
}

TEST(NumberHistory, WhatWasGivenEndsWhereSomethingElseHasItsNumber) {
  NumberHistory history;
  history.Given(7);
  NumberOpening over = Opening(1, 10);
  over.overwrote = true;
  history.Open(over);
  EXPECT_EQ(history.At(10).elder->closed_at, over.place);
  EXPECT_FALSE(history.HasGiven());
}

TEST(NumberHistory, ALifetimeThatWasFoundReplacedWasClosedByNobodyThatIsKnown) {
  NumberHistory history;
  history.Open(Opening(1, 10));
  NumberOpening replacing = Opening(2, 20);
  replacing.replaced = 1;
  history.Open(replacing);
  EXPECT_FALSE(history.At(20).elder->is_open());
  EXPECT_EQ(history.At(20).elder->closed_at, 0u);
}

}  // namespace
}  // namespace fdtrace
