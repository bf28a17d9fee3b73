// Which test an opening counts for, whatever process it was in and whatever was told first.
#include "collector/model_fixture.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr uint64_t kReads = 71, kWrites = 72;  // keys of tests

class TestsRunTest : public ModelTest {
 protected:
  TestsRunTest() { StartFirst(); }

  void Begin(uint64_t key, const std::string& name, uint32_t serial = 1) {
    Send(MarkEvent(now_ += kMs, key, name), serial);
  }
  void Open(uint64_t id, uint64_t mark, uint32_t serial = 1, int fd = 3) {
    SendOpened({.id = Id(serial, id), .fd = fd, .stack = 11, .mark = mark}, serial);
  }
  // With what each opened, in the order of the trace.
  std::vector<std::pair<std::string, uint64_t>> Tests() {
    std::vector<std::pair<std::string, uint64_t>> tests;
    for (const TraceTest& test : Written().tests) tests.emplace_back(test.name(), test.opened());
    return tests;
  }
  // Of the descriptors that were left open, in the order they were opened; "" for none.
  std::vector<std::string> TestsOfDescriptors() {
    std::vector<std::string> names;
    for (const TraceDescriptor& descriptor : Written().descriptors) {
      names.push_back(descriptor.test() == 0 ? "" : trace_.tests.at(descriptor.test() - 1).name());
    }
    return names;
  }
};

TEST_F(TestsRunTest, ADescriptorCountsForTheTestItWasOpenedInWhenItIsStillOpenAtTheEnd) {
  Begin(kReads, "reads");
  Open(1, kReads, 1, 3);
  Begin(kWrites, "writes");
  Open(2, kWrites, 1, 4);
  SendClosed(CloseOf(Id(1, 2), 4));
  Open(3, 0, 1, 5);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads", ""));
}

TEST_F(TestsRunTest, ATestIsKnownWithWhatItOpenedThoughNothingIsLeft) {
  Begin(kReads, "reads");
  Open(1, kReads);
  SendClosed(CloseOf(Id(1, 1)));
  Begin(kWrites, "writes");
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 1), Pair("writes", 0)));
}

TEST_F(TestsRunTest, StandardNumbersAreNotCounted) {
  Begin(kReads, "reads");
  Open(1, kReads, 1, 0);
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 0)));
}

TEST_F(TestsRunTest, TheNameMayBeToldAfterItsUse) {
  Open(1, kReads);
  Begin(kReads, "reads");
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads"));
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 1)));
}

TEST_F(TestsRunTest, ATestWhoseNameNeverCameIsNone) {
  Open(1, kReads);
  Begin(kReads, "");
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre(""));
  EXPECT_THAT(Written().tests, IsEmpty());
}

TEST_F(TestsRunTest, AMarkWithoutAKeyIsDamaged) {
  Begin(0, "reads");
  EXPECT_THAT(Written().tests, IsEmpty());
  EXPECT_EQ(trace_.end.events_lost(), 1u);
}

TEST_F(TestsRunTest, ATestThatRunsInTwoProcessesIsOne) {
  StartProgram(2, 200, {0, 1, 2}, "/bin/worker");
  Begin(kReads, "reads");
  Begin(kReads, "reads", 2);
  Open(1, kReads, 1);
  Open(1, kReads, 2);
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 2)));
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads", "reads"));
}

TEST_F(TestsRunTest, TestsComeInTheOrderTheyBegan) {
  StartProgram(2, 200, {0, 1, 2}, "/bin/worker");
  Send(MarkEvent(90 * kMs, kWrites, "writes"), 2);
  Send(MarkEvent(80 * kMs, kReads, "reads"));
  now_ = 100 * kMs;
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 0), Pair("writes", 0)));
  EXPECT_THAT(trace_.tests,
              ElementsAre(testing::Property(&TraceTest::index, 1), testing::Property(&TraceTest::index, 2)));
}

TEST_F(TestsRunTest, AProgramRunByExecIsInTheTestThatRanIt) {
  Begin(kReads, "reads");
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/false, kReads));
  StartProgram(2, 100, {0, 1, 2}, "/bin/other");
  Open(1, 0, 2);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads"));
}

TEST_F(TestsRunTest, ASpawnedProgramAndAllThatItStartsAreInTheTestThatSpawnedIt) {
  Begin(kReads, "reads");
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/true, kReads));
  Send(SpawnedEvent(200));
  Begin(kWrites, "writes");  // goes on in the parent
  StartProgram(2, 200, {0, 1, 2}, "/bin/shell", 100);
  Open(1, 0, 2);
  model_->ImageStarted(At(3, 300, {0, 1, 2, 3}, /*forked_from=*/2));
  Open(1, 0, 3, 4);
  Send(ExecutingEvent(now_ += kMs), 3);
  StartProgram(4, 300, {0, 1, 2}, "/bin/tool", 200);
  Open(1, 0, 4, 5);
  EXPECT_THAT(TestsOfDescriptors(), SizeIs(2));  // the exec closed one
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads", "reads"));
  EXPECT_THAT(Tests(), ElementsAre(Pair("reads", 3), Pair("writes", 0)));
}

TEST_F(TestsRunTest, AProgramOfAnUnnamedChildIsInTheTestThatAskedForIt) {
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/true, kReads));
  Send(SpawnedEvent(0));
  Begin(kReads, "reads");
  model_->ImageStarted(At(2, 200, {0, 1, 2}, /*forked_from=*/1));  // as the session makes it, before its hello
  StartProgram(3, 200, {0, 1, 2}, "/bin/sh", 100);
  Open(1, 0, 3);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads"));
}

TEST_F(TestsRunTest, AForkedChildOutsideAnyTestIsInNoneThoughOneSpawnedBefore) {
  Begin(kReads, "reads");
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/true, kReads));
  Send(SpawnedEvent(0));
  model_->ImageStarted(At(2, 200, {0, 1, 2}, /*forked_from=*/1));
  Open(1, 0, 2);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre(""));
}

TEST_F(TestsRunTest, ADaemonThatSpeaksWhenItsParentHasEndedIsInTheTestThatRanThat) {
  Begin(kReads, "reads");
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/true, kReads));
  Send(SpawnedEvent(200));
  StartProgram(2, 200, {0, 1, 2}, "/bin/starter", 100);
  model_->ProcessEnded(2, now_ += kMs, ProcessEnd::kExited);
  model_->ImageStarted(At(3, 300, {0, 1, 2}, /*forked_from=*/2));
  Open(1, 0, 3);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads"));
}

TEST_F(TestsRunTest, TheTestsOfAProgramThatATestRanAreItsOwn) {
  Begin(kReads, "reads");
  Send(ExecutingEvent(now_ += kMs, /*spawns=*/false, kReads));
  StartProgram(2, 100, {0, 1, 2}, "/bin/other");
  Begin(kWrites, "writes", 2);
  Open(1, kWrites, 2, 3);
  Open(2, 0, 2, 4);
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("writes", "reads"));
}

TEST_F(TestsRunTest, WhatWasKeptOverAnExecStaysWithTheTestThatOpenedIt) {
  Begin(kReads, "reads");
  Open(1, kReads);
  SendExecuting({{.fd = 3, .id = Id(1, 1)}});
  StartProgram(2, 100, {0, 1, 2, 3}, "/bin/other");
  EXPECT_THAT(TestsOfDescriptors(), ElementsAre("reads"));
}

}  // namespace
}  // namespace fdtrace
