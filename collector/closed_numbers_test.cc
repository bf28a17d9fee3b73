// What is said of calls that were given a number that no descriptor had, and what is not.
#include "collector/closed_numbers.h"

#include <cerrno>

#include "collector/model_fixture.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Functions beside those of the fixture.
constexpr uint32_t kRead = 20, kFopen = 21, kFclose = 22;

struct NotOpenCall {
  int fd = 3;
  uint32_t function = 2;
  uint64_t stack = 14;
  uint64_t id = 0;
  bool stream_again = false;
};

Event NotOpenEvent(uint64_t at_ns, const NotOpenCall& call) {
  Event event;
  event.set_at_ns(at_ns);
  Failed& failed = *event.mutable_failed();
  failed.set_error(call.stream_again ? 0 : EBADF);
  failed.set_stream_again(call.stream_again);
  failed.set_fd(call.fd + 1);
  failed.set_function(call.function);
  failed.set_stack(call.stack);
  failed.set_id(call.id);
  return event;
}

class ClosedNumbersTest : public ModelTest {
 protected:
  void SetUp() override {
    StartFirst();
    for (const Event& event :
         {FunctionEvent(kRead, "read"), FunctionEvent(kFopen, "fopen", FILE), FunctionEvent(kFclose, "fclose"),
          StackEvent(13, 7, 0x13), StackEvent(14, 7, 0x14), StackEvent(15, 7, 0x15), ThreadEvent(100, "main")}) {
      Send(event);
    }
    Send(ThreadEvent(101, "other"), 1, 1);
  }

  void SendNotOpen(const NotOpenCall& call, uint32_t serial = 1, uint32_t ring = 0) {
    Send(NotOpenEvent(now_ += kMs, call), serial, ring);
  }
  void SendSweep() {
    Event event;
    event.set_at_ns(now_ += kMs);
    event.mutable_failed()->set_error(EBADF);
    event.mutable_failed()->set_sweep(true);
    Send(event);
  }

  const TraceBadClose& OnlyRow() {
    Written();
    EXPECT_THAT(trace_.bad_closes, SizeIs(1));
    return trace_.bad_closes.at(0);
  }
  // Of the frame that the place's stack consists of; 0: not known.
  uint64_t AddressAt(const TracePlace& place) const {
    const TraceStack* const stack = trace_.StackAt(place.stack());
    return stack == nullptr ? 0 : stack->frames(0).address();
  }
};

TEST_F(ClosedNumbersTest, ASecondCloseIsToldWithTheFirstAndTheOpening) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  SendNotOpen({});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(row.fd(), 3);
  EXPECT_EQ(row.at().count(), 1u);
  EXPECT_EQ(AddressAt(row.at()), 0x14u);
  EXPECT_EQ(AddressAt(row.previously_closed_at()), 0x12u);
  EXPECT_EQ(AddressAt(row.originally_opened_at()), 0x11u);
  EXPECT_EQ(row.originally_opened_at().function(), "open");
  EXPECT_EQ(row.process(), 1u);
  EXPECT_EQ(row.first_ns(), 3 * kMs);
  EXPECT_EQ(row.thread(), "main");
  EXPECT_EQ(row.tid(), 100u);
}

TEST_F(ClosedNumbersTest, WhatWasThereBeforeTheProgramCanBeClosedTwice) {
  SendClosed(CloseOf(0, 1));
  SendNotOpen({.fd = 1});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(AddressAt(row.previously_closed_at()), 0x12u);
  EXPECT_EQ(row.originally_opened_at().stack(), 0u);
}

TEST_F(ClosedNumbersTest, AnotherCallThanOneThatClosesIsAUseAfterClose) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  SendNotOpen({.function = kRead});
  EXPECT_EQ(OnlyRow().kind(), TraceBadClose::USE_AFTER_CLOSE);
  EXPECT_EQ(trace_.bad_closes[0].at().function(), "read");
}

TEST_F(ClosedNumbersTest, ANumberThatNothingHadWasNeverOpened) {
  SendNotOpen({.fd = 900});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::NEVER_OPENED);
  EXPECT_EQ(row.fd(), 900);
  EXPECT_FALSE(row.has_previously_closed_at());
}

TEST_F(ClosedNumbersTest, NoStandardNumberWasNeverOpened) {
  model_->ImageStarted(At(2, 100, {}));
  SendNotOpen({.fd = 1}, 2);
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, ADescriptorThatIsOpenWasNotMeant) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendNotOpen({.function = kRead, .id = Id(1, 1)});  // as of one that is open for writing alone
  SendNotOpen({.fd = 1, .function = kRead});
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, ANegativeNumberIsNone) {
  SendNotOpen({.fd = -1});
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, EventsOfOtherThreadsThatAreReadLaterCount) {
  now_ = 10 * kMs;
  SendNotOpen({});  // at 11
  Send(ClosedEvent(8 * kMs, CloseOf(Id(1, 1))), 1, 1);
  Send(OpenedEvent(7 * kMs, {.id = Id(1, 1), .stack = 11}), 1, 1);
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(AddressAt(row.originally_opened_at()), 0x11u);
  EXPECT_EQ(row.previous_thread(), "other");
}

TEST_F(ClosedNumbersTest, WhatHappenedLaterDoesNotCount) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  const uint64_t failed_ns = now_ + kMs / 2;
  for (uint64_t i = 2; i < 4; ++i) {
    SendOpened({.id = Id(1, i), .stack = 13}, 1, 1);
    SendClosed(CloseOf(Id(1, i), 3, 15), 1, 1);
  }
  Send(NotOpenEvent(failed_ns, {}));
  EXPECT_EQ(AddressAt(OnlyRow().previously_closed_at()), 0x12u);
}

TEST_F(ClosedNumbersTest, NothingIsSaidOfANumberWhoseLastOwnersAreForgotten) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  const uint64_t failed_ns = now_ + kMs / 2;
  for (uint64_t i = 2; i < 10; ++i) {
    SendOpened({.id = Id(1, i), .stack = 13}, 1, 1);
    SendClosed(CloseOf(Id(1, i), 3, 15), 1, 1);
  }
  Send(NotOpenEvent(failed_ns, {}));
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, SoManyMistakesAreStillCountedExactly) {
  constexpr uint64_t kMany = 3 * ClosedNumbers::kMaxWaiting;
  for (uint64_t i = 1; i <= kMany; ++i) {
    SendOpened({.id = Id(1, i), .stack = 11});
    SendClosed(CloseOf(Id(1, i)));
    SendNotOpen({});
  }
  EXPECT_EQ(OnlyRow().at().count(), kMany);
  EXPECT_EQ(trace_.bad_closes[0].first_ns(), 3 * kMs);
}

TEST_F(ClosedNumbersTest, ACloseThatWasToldAndFailedIsNotItsOwnPredecessor) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1), 3, 14));
  SendNotOpen({.id = Id(1, 1)});
  EXPECT_THAT(Written().bad_closes, IsEmpty());  // it was closed unseen
}

TEST_F(ClosedNumbersTest, OfTwoClosesAtOnceTheOneThatFailedIsTold) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1), 3, 14));
  SendClosed(CloseOf(0, 3, 12), 1, 1);  // came first nevertheless
  SendNotOpen({.id = Id(1, 1)});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(AddressAt(row.previously_closed_at()), 0x12u);
  EXPECT_EQ(AddressAt(row.originally_opened_at()), 0x11u);
}

TEST_F(ClosedNumbersTest, AStreamClosedAgainIsToldByTheLifetimeThatItHad) {
  SendOpened({.id = Id(1, 1), .function = kFopen, .stack = 11});
  SendClosed({.id = Id(1, 1), .fd = 3, .function = kFclose, .stack = 12});
  SendOpened({.id = Id(1, 2), .stack = 13});  // the number is another's
  SendNotOpen({.fd = -1, .function = kFclose, .id = Id(1, 1), .stream_again = true});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::STREAM_CLOSED_TWICE);
  EXPECT_EQ(AddressAt(row.previously_closed_at()), 0x12u);
  EXPECT_EQ(AddressAt(row.originally_opened_at()), 0x11u);
}

TEST_F(ClosedNumbersTest, ADescriptorClosedBeneathItsStreamIsToldByTheStream) {
  SendOpened({.id = Id(1, 1), .function = kFopen, .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  SendNotOpen({.function = kFclose});
  EXPECT_EQ(OnlyRow().kind(), TraceBadClose::CLOSED_BENEATH_STREAM);
}

TEST_F(ClosedNumbersTest, ASweepIsNoMistakeAndWhatWasBeforeItIs) {
  SendNotOpen({.fd = 900, .stack = 15});
  for (int fd = 4; fd < 6; ++fd) SendNotOpen({.fd = fd});
  SendSweep();
  EXPECT_EQ(OnlyRow().fd(), 900);
}

// 3 is opened and closed by the other thread, opened by the first one, closed again by the other one.
class ReusedTest : public ClosedNumbersTest {
 protected:
  void OpenedByOtherThenByMain() {
    SendOpened({.id = Id(1, 1), .stack = 11}, 1, 1);
    SendClosed(CloseOf(Id(1, 1), 3, 12), 1, 1);
    SendOpened({.id = Id(1, 2), .stack = 13});
  }
};

TEST_F(ReusedTest, TheCloseOfWhatWasAnothersIsTold) {
  OpenedByOtherThenByMain();
  SendClosed(CloseOf(Id(1, 2), 3, 15), 1, 1);
  SendNotOpen({});
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::REUSED);
  EXPECT_EQ(AddressAt(row.at()), 0x14u);
  EXPECT_EQ(AddressAt(row.previously_closed_at()), 0x15u);
  EXPECT_EQ(AddressAt(row.originally_opened_at()), 0x13u);
  EXPECT_EQ(row.thread(), "main");
  EXPECT_EQ(row.previous_thread(), "other");
}

TEST_F(ReusedTest, WithoutAFailureNothingIsKnown) {
  OpenedByOtherThenByMain();
  SendClosed(CloseOf(Id(1, 2), 3, 15), 1, 1);
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ReusedTest, WhatItsOwnerClosesTwiceIsAPlainDoubleClose) {
  OpenedByOtherThenByMain();
  SendClosed(CloseOf(Id(1, 2), 3, 15));
  SendNotOpen({});
  EXPECT_EQ(OnlyRow().kind(), TraceBadClose::DOUBLE_CLOSE);
}

TEST_F(ReusedTest, AThreadThatClosesForOneThatOpensIsNoThief) {
  for (uint64_t i = 1; i <= 2; ++i) {
    SendOpened({.id = Id(1, i), .stack = 10 + i});
    SendClosed(CloseOf(Id(1, i), 3, 15), 1, 1);
  }
  SendNotOpen({});
  EXPECT_EQ(OnlyRow().kind(), TraceBadClose::DOUBLE_CLOSE);
}

TEST_F(ClosedNumbersTest, WhereEventsWereLostNothingIsSaid) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  SendNotOpen({});
  model_->SetLost(1, 1, 0);
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, WhereAnythingWasOpenedUnseenNoNumberWasNeverOpened) {
  SendNotOpen({.fd = 900});
  Look({0, 1, 2, 40});
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, WhatWasOpenedUnseenSinceItWasClosedWasClosedUnseen) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  Look({0, 1, 2, 3});
  SendNotOpen({});
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, AChildDoesNotKnowWhenItsParentClosed) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  model_->ImageStarted(At(2, 200, {0, 1, 2, 4}, 1));
  SendNotOpen({}, 2);
  EXPECT_THAT(Written().bad_closes, IsEmpty());
}

TEST_F(ClosedNumbersTest, AChildsSecondCloseOfItsCopyIsToldWithTheOpeningInItsParent) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  model_->ImageStarted(At(2, 200, {0, 1, 2, 3}, 1));
  SendClosed(CloseOf(Id(1, 1)), 2);
  SendClosed(CloseOf(Id(1, 1)));  // the parent's is its own
  SendNotOpen({}, 2);
  SendNotOpen({.fd = 900}, 2);
  Written();
  ASSERT_THAT(trace_.bad_closes, SizeIs(2));
  EXPECT_EQ(trace_.bad_closes[0].kind(), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(AddressAt(trace_.bad_closes[0].originally_opened_at()), 0x11u);
  EXPECT_EQ(trace_.bad_closes[0].process(), 2u);
  EXPECT_EQ(trace_.bad_closes[1].kind(), TraceBadClose::NEVER_OPENED);
}

TEST_F(ClosedNumbersTest, AnotherProgramBeginsAnew) {
  SendOpened({.id = Id(1, 1), .stack = 11});
  SendClosed(CloseOf(Id(1, 1)));
  model_->ImageStarted(At(2, 100, {0, 1, 2}));
  Define(2);
  SendNotOpen({.stack = 12}, 2);
  EXPECT_EQ(OnlyRow().kind(), TraceBadClose::NEVER_OPENED);
}

TEST_F(ClosedNumbersTest, ACloseOfARangeClosesWhatWasThereBefore) {
  model_->ImageStarted(At(2, 200, {0, 1, 2, 8}, 1));
  SendClosedRange({.first = 3, .stack = 12}, 2);
  SendNotOpen({.fd = 8, .stack = 12}, 2);
  const TraceBadClose& row = OnlyRow();
  EXPECT_EQ(row.kind(), TraceBadClose::DOUBLE_CLOSE);
  EXPECT_EQ(row.previously_closed_at().function(), "close_range");
}

}  // namespace
}  // namespace fdtrace
