// Processes that go on to programs that are not followed.
#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class UntracedTest : public ModelTest {
 protected:
  static UntracedProgram Static() {
    return {.executable = "/bin/static",
            .command_line = {"static", "-x"},
            .reason = "/bin/static is statically linked",
            .present = {}};
  }
  static UntracedProgram Static(const std::vector<int>& present) {
    UntracedProgram program = Static();
    program.present = Seen(present);
    return program;
  }
  static KeptDescriptor Keep(int fd) { return {.fd = fd, .id = Id(1, static_cast<uint64_t>(fd)), .stack = 11}; }
  void StartWithThree() {
    StartFirst();
    for (int fd = 3; fd <= 5; ++fd) SendOpened({.id = Id(1, static_cast<uint64_t>(fd)), .fd = fd, .stack = 11});
  }
  std::vector<std::string> Notes() const { return {trace_.end.notes().begin(), trace_.end.notes().end()}; }
  std::vector<int> LeftOpen() const {
    std::vector<int> numbers;
    for (const TraceDescriptor& descriptor : trace_.descriptors) numbers.push_back(descriptor.fd());
    return numbers;
  }
};

TEST_F(UntracedTest, WhatTheProgramReceivedIsStillOpenAndTheRestEndedByExec) {
  for (const bool looked_at : {true, false}) {
    SCOPED_TRACE(looked_at);
    model_ = MakeModel();
    StartWithThree();
    SendExecuting({Keep(4), Keep(5)});
    model_->BecameUntraced(1, looked_at ? Static({0, 1, 2, 4, 5, 20}) : Static());
    model_->ProcessEnded(1, now_, ProcessEnd::kVanished);
    const TraceSite& site = OnlySite();
    EXPECT_EQ(site.closed(), 1u);
    EXPECT_EQ(site.closed_unseen(), 0u);
    EXPECT_EQ(site.still_open(), 2u);
    ASSERT_EQ(site.closed_at_size(), 1);
    EXPECT_EQ(site.closed_at(0).function(), "exec");
    EXPECT_THAT(LeftOpen(), Not(Contains(3)));
    ASSERT_THAT(trace_.inherited, SizeIs(1));
    EXPECT_EQ(trace_.inherited[0].executable(), "/bin/static");
    EXPECT_THAT(trace_.inherited[0].fds(), ElementsAre(4, 5));
    EXPECT_EQ(trace_.end.events_lost(), 0u);
    EXPECT_EQ(trace_.end.opened_unseen() + trace_.end.closed_unseen(), 0u);
  }
}

TEST_F(UntracedTest, TheProcessIsTheProgramsAndTheNoteSaysWhy) {
  StartWithThree();
  SendExecuting({});
  model_->BecameUntraced(1, Static({0, 1, 2}));
  model_->ProcessEnded(1, now_, ProcessEnd::kVanished);
  Written();
  const TraceProcess& process = trace_.processes.at(0);
  EXPECT_EQ(process.executable(), "/bin/static");
  EXPECT_THAT(process.command_line(), ElementsAre("static", "-x"));
  EXPECT_EQ(process.untraced_reason(), "/bin/static is statically linked");
  EXPECT_EQ(process.end(), TraceProcess::UNTRACED);
  EXPECT_FALSE(trace_.end.complete());
  EXPECT_THAT(Notes(), IsEmpty()) << "the process tells";
}

TEST_F(UntracedTest, OneThatStillRunsAtTheEndIsAlive) {
  StartWithThree();
  SendExecuting({Keep(3)});
  model_->BecameUntraced(1, Static());
  Written();
  EXPECT_EQ(trace_.processes[0].end(), TraceProcess::ALIVE);
  EXPECT_EQ(trace_.processes[0].untraced_reason(), "/bin/static is statically linked");
  EXPECT_EQ(trace_.processes[0].ended_ns(), 0u);
  EXPECT_EQ(trace_.end.still_open(), 1u);
}

// As when a set-user-ID program drops its rights and runs another.
TEST_F(UntracedTest, AProgramThatSaysHelloAfterOneThatDidNotIsFollowed) {
  StartWithThree();
  SendExecuting({Keep(4), Keep(5)});
  model_->BecameUntraced(1, Static({0, 1, 2, 4, 5}));
  now_ += kMs;
  StartProgram(2, 100, {0, 1, 2, 5}, "/bin/last");
  SendOpened({.id = Id(2, 1), .fd = 6, .stack = 11}, 2);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  Written();
  ASSERT_THAT(trace_.processes, SizeIs(1));
  EXPECT_EQ(trace_.processes[0].end(), TraceProcess::EXITED);
  EXPECT_EQ(trace_.processes[0].executable(), "/bin/last");
  EXPECT_THAT(trace_.processes[0].untraced_reason(), IsEmpty());
  EXPECT_EQ(trace_.end.still_open(), 2u);
  ASSERT_THAT(trace_.inherited, SizeIs(2));
  EXPECT_EQ(trace_.inherited[1].executable(), "/bin/last");
  EXPECT_THAT(trace_.inherited[1].fds(), ElementsAre(5));
  EXPECT_THAT(Notes(), ElementsAre("1 program that ran between others could not be followed (pid 100: /bin/static is "
                                   "statically linked): what it opened is not known"));
  EXPECT_FALSE(trace_.end.complete());
}

TEST_F(UntracedTest, AProgramThatWasGivenUpAndSaysHelloAfterAllWasFollowed) {
  StartWithThree();
  SendExecuting({Keep(4)});
  model_->BecameUntraced(1, Static({0, 1, 2, 4}));
  StartProgram(2, 100, {0, 1, 2, 4}, "/bin/static");
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  Written();
  EXPECT_TRUE(trace_.end.complete());
  EXPECT_THAT(Notes(), IsEmpty());
  ASSERT_THAT(trace_.inherited, SizeIs(1));
  EXPECT_EQ(trace_.inherited[0].count(), 1u);
}

TEST_F(UntracedTest, ASpawnedChildReceivesWhatWasKeptForIt) {
  for (const bool looked_at : {true, false}) {
    SCOPED_TRACE(looked_at);
    model_ = MakeModel();
    StartWithThree();
    SendExecuting({Keep(4)}, 1, /*spawns=*/true);
    Send(SpawnedEvent(200));
    model_->ImageStarted(At(2, 200, {0, 1, 2, 3, 4, 5}, 1));
    model_->BecameUntraced(2, looked_at ? Static({0, 1, 2, 4}) : Static());
    EXPECT_THAT(model_->OpenNumbers(2), ElementsAre(0, 1, 2, 4));
    model_->ProcessEnded(2, now_, ProcessEnd::kVanished);
    model_->ProcessEnded(1, now_, ProcessEnd::kExited);
    Written();
    EXPECT_EQ(trace_.end.still_open(), 3u) << "the parent's own";
    ASSERT_THAT(trace_.inherited, SizeIs(1));
    EXPECT_THAT(trace_.inherited[0].fds(), ElementsAre(4));
    EXPECT_EQ(trace_.inherited[0].process(), 2u);
    EXPECT_EQ(trace_.processes[1].end(), TraceProcess::UNTRACED);
  }
}

// Its table of descriptors is empty after the first exec, so it names none.
TEST_F(UntracedTest, WhatCameOverAnExecBeforeGoesOnToAProgramThatNobodyLookedAt) {
  StartWithThree();
  SendExecuting({Keep(4)});
  StartProgram(2, 100, {0, 1, 2, 4}, "/bin/between");
  SendOpened({.id = Id(2, 1), .fd = 6, .stack = 11}, 2);
  SendExecuting({}, 2);
  model_->BecameUntraced(2, Static());
  model_->ProcessEnded(2, now_, ProcessEnd::kVanished);
  EXPECT_EQ(OnlySite().still_open(), 1u);
  EXPECT_THAT(LeftOpen(), ElementsAre(4));
  ASSERT_THAT(trace_.inherited, SizeIs(2));
  EXPECT_EQ(trace_.inherited[1].executable(), "/bin/static");
}

TEST_F(UntracedTest, WhatItOpensIsNoOpeningThatWasNotSeen) {
  StartWithThree();
  SendExecuting({Keep(3)});
  model_->BecameUntraced(1, Static({0, 1, 2, 3}));
  Look({0, 1, 2, 3, 30, 31});
  Look({0, 1, 2, 30, 31});
  Written();
  EXPECT_EQ(trace_.end.opened_unseen() + trace_.end.closed_unseen(), 0u);
  EXPECT_EQ(trace_.end.still_open(), 1u);
}

TEST_F(UntracedTest, AProcessThatEndsAfterAnExecThatNothingFollowedKeepsItsCounts) {
  StartWithThree();
  SendExecuting({Keep(3)});
  model_->ProcessEnded(1, now_, ProcessEnd::kVanished);
  Written();
  EXPECT_EQ(trace_.processes[0].end(), TraceProcess::VANISHED);
  EXPECT_EQ(trace_.end.still_open(), 3u);
  EXPECT_THAT(trace_.inherited, IsEmpty());
}

TEST_F(UntracedTest, AnImageThatIsNotKnownChangesNothing) {
  StartWithThree();
  model_->BecameUntraced(7, Static());
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  Written();
  EXPECT_TRUE(trace_.end.complete());
}

TEST_F(UntracedTest, ProcessesThatConfineThemselvesAreNotedOnceEach) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2}, 1));
  Event confined;
  confined.mutable_confined()->set_no_hello(true);
  for (int i = 0; i < 3; ++i) Send(confined);
  confined.mutable_confined()->set_no_stacks(true);
  Send(confined, 2);
  model_->ProcessEnded(1, now_, ProcessEnd::kExited);
  model_->ProcessEnded(2, now_, ProcessEnd::kExited);
  Written();
  EXPECT_THAT(Notes(),
              ElementsAre("2 processes confined themselves by seccomp filters that keep their children from being "
                          "followed",
                          "1 process confined itself by a seccomp filter: what it opened from then on may have no "
                          "stack"));
}

TEST_F(UntracedTest, NotesSpeakOfOneInTheSingular) {
  StartFirst();
  model_->ImageStarted(At(2, 200, {0, 1, 2}, 1));
  model_->ProcessEnded(2, now_, ProcessEnd::kVanished);
  Written();
  EXPECT_THAT(Notes(),
              ElementsAre("1 process was still running when recording ended: what it held then is shown as still open",
                          "1 process ended without notice, as by a signal: what it held by the last event is shown as "
                          "still open"));
}

}  // namespace
}  // namespace fdtrace
