// What a process was given, keeps over exec, opens unseen, and loses.
#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class HeldDescriptorsTest : public ModelTest {
 protected:
  // Of the only site, everything was closed by one function.
  void ExpectOnlyClose(const std::string& function, uint64_t count = 1) {
    const TraceSite& site = OnlySite();
    EXPECT_EQ(site.closed(), count);
    EXPECT_EQ(site.closed_unseen(), 0u);
    ASSERT_EQ(site.closed_at_size(), 1);
    EXPECT_EQ(site.closed_at(0).function(), function);
    EXPECT_EQ(site.closed_at(0).count(), count);
    EXPECT_EQ(trace_.end.closed_unseen(), 0u);
    EXPECT_EQ(trace_.end.opened_unseen(), 0u);
    EXPECT_EQ(trace_.end.still_open(), 0u);
  }
};

TEST_F(HeldDescriptorsTest, AChildsCopyThatEndsIsNoCloseOfTheParents) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  SendClosed(CloseOf(Id(1, 1)), 2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2));
  EXPECT_THAT(model_->OpenNumbers(1), ElementsAre(0, 1, 2, 3));
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  EXPECT_EQ(OnlySite().still_open(), 1u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
}

TEST_F(HeldDescriptorsTest, AChildsCopiesAreNoLeaksOfItsOwn) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  Look({0, 1, 2, 3}, 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  SendClosed(CloseOf(Id(1, 1)));
  EXPECT_EQ(OnlySite().still_open(), 0u);
  EXPECT_THAT(trace_.descriptors, IsEmpty());
  EXPECT_EQ(trace_.processes[1].open_at_exit(), 4u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
}

// The child says hello at its first event, when the descriptor is already open: /proc shows it as if it were a copy.
TEST_F(HeldDescriptorsTest, TheDescriptorsThatTheHelloCameUponAreNotTakenForCopies) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2, 8, 9}, 1));
  SendOpened({.id = Id(2, 1), .fd = 8, .stack = 11, .companion = 9}, 2);
  SendOpened({.id = Id(2, 2), .fd = 9, .stack = 11, .companion = 8}, 2);
  Written();
  EXPECT_EQ(trace_.processes[1].peak_open(), 5u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
}

TEST_F(HeldDescriptorsTest, WhatAChildHasFromItsParentIsForTheParentsRowToTell) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  Define(2);
  SendOpened({.id = Id(2, 1), .fd = 4, .stack = 11}, 2);
  EXPECT_THAT(model_->UntoldNumbers(2), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(model_->UntoldNumbers(1), ElementsAre(0, 1, 2));
}

TEST_F(HeldDescriptorsTest, ExecEndsWhatIsNoLongerThereAndKeepsTheRest) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 4}));
  Define(2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2, 4));
  SendClosed(CloseOf(0, 4), 2);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 2u);
  EXPECT_EQ(site.closed_unseen(), 0u);
  ASSERT_EQ(site.closed_at_size(), 2);
  EXPECT_EQ(site.closed_at(0).function() == "exec" ? site.closed_at(0).stack() : site.closed_at(1).stack(), 0u);
  EXPECT_THAT(trace_.processes, SizeIs(1));
}

TEST_F(HeldDescriptorsTest, ALifetimeThatLivesOverExecIsStillItsOpenersLeak) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11, .path = "kept"});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3, 30}));
  Look({0, 1, 2, 3, 30}, 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  EXPECT_EQ(OnlySite().still_open(), 1u);
  ASSERT_THAT(trace_.descriptors, SizeIs(2));
  EXPECT_TRUE(trace_.descriptors[0].inherited() != trace_.descriptors[1].inherited());
  for (const TraceDescriptor& descriptor : trace_.descriptors) EXPECT_EQ(descriptor.inherited(), descriptor.fd() == 30);
}

TEST_F(HeldDescriptorsTest, WhatThereWasBeforeTheProgramIsInheritedAndNoLeak) {
  StartFirst({0, 1, 2, 9});
  Written();
  ASSERT_THAT(trace_.descriptors, SizeIs(1)) << "0-2 are left out";
  EXPECT_TRUE(trace_.descriptors[0].inherited());
  EXPECT_EQ(trace_.descriptors[0].link(), "/of/9");
  EXPECT_EQ(trace_.end.still_open(), 0u);
}

TEST_F(HeldDescriptorsTest, AReplacedLifetimeEndsUnseen) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendOpened({.id = Id(1, 2), .stack = 11, .replaced = Id(1, 1)});
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 1u);
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_THAT(site.lifetimes(), IsEmpty()) << "when it ended is not known";
  EXPECT_EQ(trace_.processes[0].closed_unseen(), 1u);
}

TEST_F(HeldDescriptorsTest, Dup2OverAnInheritedDescriptorIsASeenClose) {
  StartFirst({0, 1, 2, 9});
  SendOpened({.id = Id(1, 1), .fd = 9, .function = 4, .stack = 11, .overwrote = true});
  Look({0, 1, 2, 9});
  Written();
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
  EXPECT_EQ(trace_.end.still_open(), 1u);
}

TEST_F(HeldDescriptorsTest, ALookCorrectsWhatNoEventTold) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11});
  Look({0, 1, 2, 4, 20});
  EXPECT_THAT(model_->OpenNumbers(1), ElementsAre(0, 1, 2, 4, 20));
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_EQ(site.still_open(), 1u);
  EXPECT_EQ(trace_.processes[0].opened_unseen(), 1u);
  EXPECT_EQ(trace_.processes[0].closed_unseen(), 1u);
  EXPECT_EQ(trace_.processes[0].open_at_exit(), 5u);
  ASSERT_THAT(trace_.descriptors, SizeIs(2));
  EXPECT_EQ(trace_.descriptors[0].link(), "/of/4");
  EXPECT_EQ(trace_.descriptors[1].site(), 0u);
  EXPECT_EQ(trace_.descriptors[1].fd(), 20);
}

TEST_F(HeldDescriptorsTest, AnEventUnderWayWhileTheProcessIsLookedAtMakesNoCorrection) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  Look({0, 1, 2, 7});  // 3 is closed, 7 opened: the events are still to come
  SendClosed(CloseOf(Id(1, 1), 3));
  SendOpened({.id = Id(1, 2), .fd = 7, .stack = 11});
  SendOpened({.id = Id(1, 3), .fd = 8, .stack = 11});
  model_->Compare(1, Seen({0, 1, 2, 7}), now_);  // 8 began since
  Look({0, 1, 2, 7, 8});
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.closed(), 1u);
  EXPECT_EQ(site.closed_unseen(), 0u);
  EXPECT_EQ(trace_.end.opened_unseen(), 0u);
  EXPECT_EQ(trace_.end.closed_unseen(), 0u);
  EXPECT_TRUE(trace_.end.complete());
}

TEST_F(HeldDescriptorsTest, AnotherObjectAtTheNumberEndsTheLifetime) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .function = 5, .stack = 11});
  Look({0, 1, 2, 3});  // a file, where a socket was made
  const TraceSite& site = OnlySite();
  EXPECT_EQ(site.still_open(), 0u);
  EXPECT_EQ(site.closed_unseen(), 1u);
  EXPECT_EQ(trace_.end.opened_unseen(), 1u);
  ASSERT_THAT(trace_.descriptors, SizeIs(1));
  EXPECT_EQ(trace_.descriptors[0].site(), 0u);
}

TEST_F(HeldDescriptorsTest, WhatIsClosedByNumberAloneEndsSeenAtItsSite) {
  StartFirst({0, 1, 2, 9});
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3, 9}));
  Define(2);
  SendClosed(CloseOf(0, 3), 2);
  SendClosed(CloseOf(0, 9), 2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2));
  ExpectOnlyClose("close");
}

TEST_F(HeldDescriptorsTest, ARangeClosesEveryNumberInItThatHasNoIdAndNoOther) {
  StartFirst({0, 1, 2, 9, 20});
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3, 9, 20}));
  Define(2);
  SendOpened({.id = Id(2, 1), .fd = 4, .stack = 11}, 2);
  SendClosed({.id = Id(2, 1), .fd = 4, .function = 6, .stack = 12}, 2);
  SendClosedRange({.first = 3, .last = 9, .stack = 12}, 2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2, 20));
  SendClosedRange({.first = 3, .last = UINT32_MAX, .stack = 12}, 2);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2));
  ExpectOnlyClose("close_range", 2);
}

TEST_F(HeldDescriptorsTest, ARangeReadAfterTheNextOpeningAtItsNumberIsStillTheClose) {
  StartFirst({0, 1, 2});
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3}));
  Define(2);
  const Event range = ClosedRangeEvent(now_ += kMs, {.first = 3, .stack = 12});
  SendOpened({.id = Id(2, 1), .fd = 3, .function = 5, .stack = 11}, 2);
  Send(range, 2, /*ring=*/1);
  EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2, 3));
  Written();
  ASSERT_THAT(trace_.sites, SizeIs(2));
  EXPECT_EQ(trace_.sites[0].closed(), 1u);
  EXPECT_EQ(trace_.sites[0].closed_unseen(), 0u);
  EXPECT_EQ(trace_.sites[0].closed_at(0).function(), "close_range");
  EXPECT_EQ(trace_.sites[1].still_open(), 1u);
}

TEST_F(HeldDescriptorsTest, ARangeClosesNothingThatWasFoundAfterIt) {
  StartFirst();
  const Event range = ClosedRangeEvent(now_ += kMs, {.first = 3});
  Look({0, 1, 2, 7});
  Look({0, 1, 2, 7});
  Send(range);
  EXPECT_THAT(model_->OpenNumbers(1), ElementsAre(0, 1, 2, 7));
}

TEST_F(HeldDescriptorsTest, ACallThatOverwritesASurvivorIsItsClose) {
  StartFirst();
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  model_->ImageStarted(At(2, 100, {0, 1, 2, 3}));
  Define(2);
  SendOpened({.id = Id(2, 1), .fd = 8, .stack = 11}, 2);
  SendOpened({.id = Id(2, 2), .fd = 3, .function = 4, .stack = 12, .overwrote = true}, 2);
  Written();
  ASSERT_THAT(trace_.sites, SizeIs(2));
  EXPECT_EQ(trace_.sites[0].closed(), 1u);
  EXPECT_EQ(trace_.sites[0].closed_unseen(), 0u);
  EXPECT_EQ(trace_.sites[0].closed_at(0).function(), "dup2");
  EXPECT_EQ(trace_.StackAt(trace_.sites[0].closed_at(0).stack())->frames(0).address(), 0x12u);
}

TEST_F(HeldDescriptorsTest, AnOpeningThatOverwritesNothingShowsThatTheElderEndedUnseen) {
  StartFirst({0, 1, 2, 9});
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 9, .stack = 11});
  Written();
  EXPECT_EQ(trace_.end.closed_unseen(), 1u);
  EXPECT_EQ(trace_.end.still_open(), 2u);
}

}  // namespace
}  // namespace fdtrace
