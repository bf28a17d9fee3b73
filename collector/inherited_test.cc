// What programs receive from those that ran them, and whose it is.
#include <algorithm>

#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kReceiver[] = "/bin/receiver";

class InheritedTest : public ModelTest {
 protected:
  // Opens numbers at the stack whose frame is at 0x11.
  void OpenInFirst(int from, int to) {
    for (int fd = from; fd <= to; ++fd) SendOpened({.id = Id(1, static_cast<uint64_t>(fd)), .fd = fd, .stack = 11});
  }
  static KeptDescriptor Keep(int fd, uint64_t stack = 11) {
    return {.fd = fd, .id = Id(1, static_cast<uint64_t>(fd)), .function = 1, .stack = stack};
  }

  const TraceInherited& OnlyRow() {
    Written();
    EXPECT_THAT(trace_.inherited, SizeIs(1));
    return trace_.inherited.at(0);
  }
  void ExpectRow(const TraceInherited& row, const std::vector<int>& fds, uint64_t count, uint64_t address = 0x11,
                 uint32_t opener_pid = 100) {
    EXPECT_EQ(AddressOf(row.site()), address) << row.ShortDebugString();
    EXPECT_EQ(std::vector<int>(row.fds().begin(), row.fds().end()), fds) << row.ShortDebugString();
    EXPECT_EQ(row.count(), count) << row.ShortDebugString();
    EXPECT_EQ(row.opener_pid(), opener_pid) << row.ShortDebugString();
    EXPECT_EQ(row.executable(), kReceiver);
  }
};

TEST_F(InheritedTest, AProgramReceivesWhatTheProcessKeptOverItsExec) {
  StartFirst();
  OpenInFirst(3, 5);
  SendExecuting({Keep(3), Keep(5)});
  StartProgram(2, 100, {0, 1, 2, 3, 5}, kReceiver);
  ExpectRow(OnlyRow(), {3, 5}, 2);
  EXPECT_EQ(trace_.inherited[0].process(), 1u);
  EXPECT_EQ(trace_.sites[0].still_open(), 2u) << "still its opener's leak, counted once";
}

TEST_F(InheritedTest, AForkedChildHandsOnWhatItsParentOpened) {
  StartFirst();
  OpenInFirst(3, 3);
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, /*forked_from=*/1));
  SendExecuting({Keep(3)}, 2);
  StartProgram(3, 200, {0, 1, 2, 3}, kReceiver);
  model_->ProcessEnded(3, now_, ProcessEnd::kExited);
  SendClosed(CloseOf(Id(1, 3)));
  ExpectRow(OnlyRow(), {3}, 1);
  EXPECT_EQ(trace_.inherited[0].process(), 2u);
  EXPECT_EQ(trace_.sites[0].still_open(), 0u);
  EXPECT_EQ(trace_.end.opened_unseen() + trace_.end.closed_unseen(), 0u);
}

TEST_F(InheritedTest, ChildrenOfOneLoopMakeOneRow) {
  StartFirst();
  OpenInFirst(3, 3);
  for (uint32_t child = 0; child < 50; ++child) {
    const uint32_t serial = 2 + 2 * child;
    model_->ImageStarted(At(serial, 200 + child, {0, 1, 2, 3}, 1));
    SendExecuting({Keep(3)}, serial);
    StartProgram(serial + 1, 200 + child, {0, 1, 2, 3}, kReceiver);
  }
  ExpectRow(OnlyRow(), {3}, 50);
  EXPECT_EQ(trace_.inherited[0].process(), 2u) << "the first";
}

TEST_F(InheritedTest, OfManyNumbersTheFirst64AreNamed) {
  StartFirst();
  OpenInFirst(3, 102);
  std::vector<int> present = {0, 1, 2};
  std::vector<KeptDescriptor> kept;
  for (int fd = 3; fd <= 102; ++fd) {
    present.push_back(fd);
    kept.push_back(Keep(fd));
  }
  SendExecuting(kept);
  StartProgram(2, 100, present, kReceiver);
  const TraceInherited& row = OnlyRow();
  EXPECT_EQ(row.count(), 100u);
  ASSERT_EQ(row.fds_size(), 64);
  EXPECT_TRUE(std::is_sorted(row.fds().begin(), row.fds().end()));
}

TEST_F(InheritedTest, AnExecThatFailedHandsNothingOn) {
  StartFirst();
  OpenInFirst(3, 4);
  SendExecuting({Keep(3, /*stack=*/12)});
  Send(ExecFailedEvent());
  SendExecuting({Keep(4)});
  StartProgram(2, 100, {0, 1, 2, 4}, kReceiver);
  ExpectRow(OnlyRow(), {4}, 1);
}

TEST_F(InheritedTest, TheLatestExecOfAllThreadsIsTheOneThatCounts) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  SendExecuting({Keep(3, 11)}, 2, /*spawns=*/false, /*ring=*/1);
  Send(ExecFailedEvent(), 2, 1);
  SendExecuting({Keep(3, 12)}, 2, /*spawns=*/false, /*ring=*/2);
  StartProgram(3, 200, {0, 1, 2, 3}, kReceiver);
  ExpectRow(OnlyRow(), {3}, 1, 0x12);
}

// Whether the hello is read before or after the Spawned, and though the parent has gone on meanwhile.
TEST_F(InheritedTest, ASpawnedProgramReceivesWhatWasKeptThen) {
  for (const bool told_first : {true, false}) {
    SCOPED_TRACE(told_first);
    model_ = MakeModel();
    StartFirst();
    OpenInFirst(3, 4);
    SendExecuting({Keep(3)}, 1, /*spawns=*/true);
    if (told_first) Send(SpawnedEvent(200));
    SendClosed(CloseOf(Id(1, 3), 3));
    SendOpened({.id = Id(1, 9), .fd = 3, .stack = 12});
    StartProgram(2, 200, {0, 1, 2, 3}, kReceiver, /*parent_pid=*/100);
    if (!told_first) Send(SpawnedEvent(200));
    ExpectRow(OnlyRow(), {3}, 1);
    EXPECT_EQ(trace_.inherited[0].process(), 2u);
    EXPECT_THAT(trace_.descriptors, SizeIs(2)) << "the parent's own, and no copy";
  }
}

TEST_F(InheritedTest, AChildThatIsKnownBeforeItsProgramSaysHelloReceivesOnce) {
  StartFirst();
  OpenInFirst(3, 4);
  SendExecuting({Keep(3)}, 1, /*spawns=*/true);
  Send(SpawnedEvent(200));
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3, 4}, /*forked_from=*/1));
  StartProgram(3, 200, {0, 1, 2, 3}, kReceiver, 100);
  ExpectRow(OnlyRow(), {3}, 1);
  EXPECT_THAT(trace_.processes, SizeIs(2));
}

TEST_F(InheritedTest, TwoThreadsThatSpawnAtOnceGiveEachChildItsOwn) {
  StartFirst();
  SendExecuting({Keep(3, 11)}, 1, /*spawns=*/true, /*ring=*/1);
  SendExecuting({Keep(3, 12)}, 1, /*spawns=*/true, /*ring=*/2);
  Send(SpawnedEvent(200), 1, 1);
  Send(SpawnedEvent(201), 1, 2);
  StartProgram(2, 201, {0, 1, 2, 3}, "/bin/second", 100);
  now_ += kMs;
  StartProgram(3, 200, {0, 1, 2, 3}, kReceiver, 100);
  Written();
  ASSERT_THAT(trace_.inherited, SizeIs(2));
  EXPECT_EQ(AddressOf(trace_.inherited[0].site()), 0x12u);
  EXPECT_EQ(trace_.inherited[0].executable(), "/bin/second");
  ExpectRow(trace_.inherited[1], {3}, 1);
}

// As when the parent made it by a raw system call.
TEST_F(InheritedTest, AChildThatNothingAnnouncedReceivesWhatItsParentHolds) {
  StartFirst();
  OpenInFirst(3, 4);
  StartProgram(2, 200, {0, 1, 2, 4, 30}, kReceiver, /*parent_pid=*/100);
  ExpectRow(OnlyRow(), {4}, 1);
}

// posix_spawn's file actions: 4 had CLOEXEC, and what the child has there is something else.
TEST_F(InheritedTest, WhatWasNotKeptForASpawnedChildIsNotTheParents) {
  StartFirst();
  OpenInFirst(3, 4);
  SendExecuting({Keep(3)}, 1, /*spawns=*/true);
  Send(SpawnedEvent(200));
  StartProgram(2, 200, {0, 1, 2, 3, 4}, kReceiver, 100);
  ExpectRow(OnlyRow(), {3}, 1);
}

TEST_F(InheritedTest, TheOpenerIsKnownOverASecondExecAndToTheChildrenOfTheNewProgram) {
  StartFirst();
  OpenInFirst(3, 3);
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  SendExecuting({Keep(3)}, 2);
  StartProgram(3, 200, {0, 1, 2, 3}, "/bin/between");
  SendExecuting({}, 3);
  StartProgram(4, 200, {0, 1, 2, 3}, "/bin/between");
  model_->ImageStarted(At(5, 300, {0, 1, 2, 3}, 4));
  SendExecuting({}, 5);
  StartProgram(6, 300, {0, 1, 2, 3}, kReceiver);
  Written();
  ASSERT_THAT(trace_.inherited, SizeIs(2));
  EXPECT_EQ(trace_.inherited[0].executable(), "/bin/between");
  EXPECT_EQ(trace_.inherited[0].count(), 2u);
  ExpectRow(trace_.inherited[1], {3}, 1);
  EXPECT_EQ(trace_.inherited[1].process(), 5u);
}

TEST_F(InheritedTest, WhatIsCertainlyAnotherObjectWasNotReceived) {
  StartFirst();
  SendOpened({.id = Id(1, 3), .fd = 3, .function = 5, .stack = 11});  // a socket
  SendExecuting({{.fd = 3, .id = Id(1, 3), .function = 5, .stack = 11}}, 1, /*spawns=*/true);
  Send(SpawnedEvent(200));
  StartProgram(2, 200, {0, 1, 2, 3}, kReceiver, 100);  // a file
  Written();
  EXPECT_THAT(trace_.inherited, IsEmpty());
}

TEST_F(InheritedTest, WhatTheCallerGaveTheRecordedProgramIsARowWithoutASite) {
  StartFirst({0, 1, 2, 7, 9});
  StartProgram(2, 200, {0, 1, 2, 5}, "/bin/not first");
  Written();
  ASSERT_THAT(trace_.inherited, SizeIs(1));
  EXPECT_EQ(trace_.inherited[0].site(), 0u);
  EXPECT_EQ(trace_.inherited[0].opener_pid(), 0u);
  EXPECT_THAT(trace_.inherited[0].fds(), ElementsAre(7, 9));
  EXPECT_EQ(trace_.inherited[0].executable(), "/bin/program");
  EXPECT_EQ(trace_.end.still_open(), 0u);
}

// A library's constructor opened it before ours ran: /proc showed it at the hello.
TEST_F(InheritedTest, WhatTheHelloCameUponWasNotGiven) {
  StartFirst({0, 1, 2, 3, 4, 7});
  SendOpened({.id = Id(1, 1), .fd = 3, .stack = 11, .companion = 4});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11, .companion = 3});
  SendOpened({.id = Id(1, 3), .fd = 7, .function = 4, .stack = 11, .overwrote = true});
  EXPECT_THAT(OnlyRow().fds(), ElementsAre(7));
}

TEST_F(InheritedTest, AnOpeningThatWasLostLeavesItsPlaceKnown) {
  StartFirst();
  SendExecuting({Keep(3)});
  StartProgram(2, 100, {0, 1, 2, 3}, kReceiver);
  ExpectRow(OnlyRow(), {3}, 1);
  EXPECT_EQ(trace_.sites[0].function(), "open");
  EXPECT_EQ(trace_.sites[0].opened(), 0u) << "the site is there for its place alone";
  EXPECT_EQ(trace_.end.still_open(), 0u);
}

TEST_F(InheritedTest, AChildOfVforkThatClosesAndExecsLosesNothing) {
  StartFirst();
  OpenInFirst(3, 5);
  // The session makes it an image; it makes ids of its parent's serial.
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3, 4, 5}, /*forked_from=*/1));
  SendOpened({.id = Id(1, 50), .fd = 6, .stack = 12}, 2);
  SendClosed(CloseOf(Id(1, 3), 3), 2);
  SendClosed({.id = Id(1, 4), .fd = 4, .function = 4, .stack = 12}, 2);
  SendOpened({.id = Id(1, 51), .fd = 4, .function = 4, .stack = 12, .overwrote = true}, 2);
  SendExecuting({Keep(5),
                 {.fd = 6, .id = Id(1, 50), .function = 1, .stack = 12},
                 {.fd = 4, .id = Id(1, 51), .function = 4, .stack = 12}},
                2);
  StartProgram(3, 200, {0, 1, 2, 4, 5, 6}, kReceiver);
  model_->ProcessEnded(3, now_, ProcessEnd::kExited);
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  Written();
  EXPECT_THAT(trace_.inherited, SizeIs(3));
  for (const TraceInherited& row : trace_.inherited) {
    EXPECT_EQ(row.opener_pid(), AddressOf(row.site()) == 0x11 ? 100u : 200u) << row.ShortDebugString();
  }
  EXPECT_EQ(trace_.end.opened_unseen() + trace_.end.closed_unseen() + trace_.end.events_lost(), 0u);
  EXPECT_TRUE(trace_.end.complete());
  EXPECT_EQ(trace_.end.still_open(), 5u) << "3-5 of the parent's, 4 and 6 of the child's";
}

TEST_F(InheritedTest, AChildOfVforkMayTellWhatItsParentThenUses) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2}, 1));
  Send(FunctionEvent(9, "openat", FILE), 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  SendOpened({.id = Id(1, 1), .function = 9, .stack = 11});
  EXPECT_EQ(OnlySite().function(), "openat");
}

}  // namespace
}  // namespace fdtrace
