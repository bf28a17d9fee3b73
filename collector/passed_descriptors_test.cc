// Descriptors that are handed from process to process over sockets.
#include "collector/passed_descriptors.h"

#include "collector/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::SizeIs;

constexpr uint32_t kRecvmsg = 20;
constexpr uint64_t kFile = 77, kReceiving = 12;

// Process 100 (serial 1) sends, 200 (serial 2) receives; they share no code.
class PassedDescriptorsTest : public ModelTest {
 protected:
  void SetUp() override {
    StartFirst();
    model_->ImageStarted(At(2, 200, {0, 1, 2}));
    model_->ImageStarted(At(3, 300, {0, 1, 2}));
    for (uint32_t serial = 1; serial <= 3; ++serial) {
      Define(serial);
      Send(FunctionEvent(kRecvmsg, "recvmsg"), serial);
      Send(StackEvent(13, 7, 0x13), serial);
    }
  }

  // Opens it at a place of its own, and sends it.
  void OpenAndSend(uint64_t count, uint64_t stack, uint64_t file = kFile, uint32_t function = 1) {
    SendOpened({.id = Id(1, count), .fd = static_cast<int>(count), .function = function, .stack = stack});
    Send(SendAgain(count, stack, file, function));
  }
  Event SendAgain(uint64_t count, uint64_t stack, uint64_t file = kFile, uint32_t function = 1) {
    return SentEvent(
        now_ += kMs,
        {.id = Id(1, count), .fd = static_cast<int>(count), .function = function, .stack = stack, .inode = file});
  }
  Event Receive(uint64_t count, uint32_t serial = 2, uint64_t file = kFile) {
    return OpenedEvent(now_ += kMs, {.id = Id(serial, count),
                                     .fd = static_cast<int>(count),
                                     .function = kRecvmsg,
                                     .stack = kReceiving,
                                     .inode = file});
  }
  // Where the descriptor of that process (by serial) was first opened; 0: not known.
  uint64_t FirstAddress(uint32_t process, int fd) {
    for (const TraceDescriptor& descriptor : trace_.descriptors) {
      if (descriptor.process() != process || descriptor.fd() != fd) continue;
      if (descriptor.first_site() == 0) return 0;
      EXPECT_LE(descriptor.first_site(), trace_.sites.size());
      return AddressOf(descriptor.first_site());
    }
    ADD_FAILURE() << "process " << process << " has no " << fd;
    return 0;
  }
};

TEST_F(PassedDescriptorsTest, OneThatWasReceivedKnowsWhereItWasFirstOpened) {
  OpenAndSend(5, 11);
  Send(Receive(8), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
  EXPECT_EQ(FirstAddress(1, 5), 0u) << "its own";
  EXPECT_EQ(trace_.end.still_open(), 2u) << "each process has one of its own";
}

TEST_F(PassedDescriptorsTest, TheSendMayBeReadAfterTheReceipt) {
  const Event sent = SendAgain(5, 11);
  Send(Receive(8), 2);
  Send(sent);
  SendOpened({.id = Id(1, 5), .fd = 5, .stack = 11});
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
}

TEST_F(PassedDescriptorsTest, WhatIsSentLaterWasNotReceived) {
  Send(Receive(8), 2);
  OpenAndSend(5, 11);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0u);
}

TEST_F(PassedDescriptorsTest, OneOfSeveralSendsFromSeveralPlacesIsNotGuessed) {
  OpenAndSend(5, 11);
  OpenAndSend(6, 13);
  Send(Receive(8), 2);
  Send(Receive(9), 3);
  OpenAndSend(7, 13);
  Send(Receive(10), 3);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0u);
  EXPECT_EQ(FirstAddress(3, 9), 0u);
  EXPECT_EQ(FirstAddress(3, 10), 0x13u) << "both before were received by then";
}

TEST_F(PassedDescriptorsTest, WhatComesInOneMessageComesInItsOrder) {
  SendOpened({.id = Id(1, 5), .fd = 5, .function = 1, .stack = 11});
  SendOpened({.id = Id(1, 6), .fd = 6, .function = 1, .stack = 13});
  const Event first = SendAgain(5, 11);
  Event second = SendAgain(6, 13);
  second.set_at_ns(first.at_ns());  // of one call
  Send(first);
  Send(second);
  Send(Receive(8), 2);
  Send(Receive(9), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
  EXPECT_EQ(FirstAddress(2, 9), 0x13u);
}

TEST_F(PassedDescriptorsTest, SeveralSendsFromOnePlaceAreAsGoodAsOne) {
  for (uint64_t count = 5; count < 8; ++count) OpenAndSend(count, 11);
  for (uint64_t count = 8; count < 11; ++count) Send(Receive(count), 2);
  Send(Receive(11), 2);
  Written();
  for (int fd = 8; fd < 11; ++fd) EXPECT_EQ(FirstAddress(2, fd), 0x11u);
  EXPECT_EQ(FirstAddress(2, 11), 0u) << "each was received once";
}

TEST_F(PassedDescriptorsTest, OneThatIsSentOnIsOfWhoOpenedItFirst) {
  for (const bool sent_on_is_read_first : {false, true}) {
    SCOPED_TRACE(sent_on_is_read_first);
    model_ = MakeModel();
    SetUp();
    OpenAndSend(5, 11);
    const Event received = Receive(8);
    const Event sent_on =
        SentEvent(now_ += kMs, {.id = Id(2, 8), .fd = 8, .function = kRecvmsg, .stack = kReceiving, .inode = kFile});
    Send(sent_on_is_read_first ? sent_on : received, 2, /*ring=*/sent_on_is_read_first);
    Send(sent_on_is_read_first ? received : sent_on, 2, /*ring=*/!sent_on_is_read_first);
    Send(Receive(9, 3), 3);
    Written();
    EXPECT_EQ(FirstAddress(2, 8), 0x11u);
    EXPECT_EQ(FirstAddress(3, 9), 0x11u);
  }
}

TEST_F(PassedDescriptorsTest, WhereNobodyIsKnownToHaveSentItTheFirstThatSendsItOnIsTheFirst) {
  Send(Receive(8), 2);
  Send(SentEvent(now_ += kMs, {.id = Id(2, 8), .fd = 8, .function = kRecvmsg, .stack = kReceiving, .inode = kFile}), 2);
  Send(Receive(9, 3), 3);
  Written();
  EXPECT_EQ(FirstAddress(3, 9), 0x12u);
}

TEST_F(PassedDescriptorsTest, AProgramSendsWhatItReceivedByExec) {
  SendOpened({.id = Id(1, 5), .fd = 5, .stack = 11});
  SendExecuting({{.fd = 5, .id = Id(1, 5), .stack = 11}});
  StartProgram(4, 100, {0, 1, 2, 5}, "/bin/next");
  Send(SentEvent(now_ += kMs, {.id = 0, .fd = 5, .function = 0, .inode = kFile}), 4);
  Send(Receive(8), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
}

TEST_F(PassedDescriptorsTest, TheFirstPlaceGoesOverAnExecWithTheDescriptor) {
  OpenAndSend(5, 11);
  Send(Receive(8), 2);
  StartProgram(4, 200, {0, 1, 2, 8}, "/bin/next");
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
}

TEST_F(PassedDescriptorsTest, WhatWasReceivedIsOfTheKindThatWasSent) {
  OpenAndSend(5, 11, kFile, /*function=*/5);
  Send(Receive(8), 2);
  Written();
  ASSERT_THAT(trace_.sites, SizeIs(2));
  EXPECT_EQ(trace_.sites[1].function(), "recvmsg");
  EXPECT_EQ(trace_.sites[1].resource(), SOCKET);
}

TEST_F(PassedDescriptorsTest, ASendWhoseOpeningWasLostStillTellsThePlace) {
  Send(SendAgain(5, 11));
  Send(Receive(8), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
}

TEST_F(PassedDescriptorsTest, OneWhoseMakingNobodySawHasNoFirstPlace) {
  Send(SentEvent(now_ += kMs, {.id = 0, .fd = 5, .function = 0, .inode = kFile}));
  Send(Receive(8), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0u);
}

// One file, a hundred thousand times, from two threads' rings that are read by turns.
TEST_F(PassedDescriptorsTest, AServerThatSendsOneFileOverAndOverIsStillKnown) {
  for (int round = 0; round < 200; ++round) {
    std::vector<Event> received;
    for (int i = 0; i < 500; ++i) {
      Send(SendAgain(5, 11));
      received.push_back(Receive(8 + static_cast<uint64_t>(500 * round + i)));
      received.back().mutable_opened()->set_fd(8);
    }
    for (const Event& event : received) {
      Send(event, 2);
      const uint64_t id = event.opened().id();
      if (id != Id(2, 8 + 500 * 200 - 1)) SendClosed(CloseOf(id, 8), 2);
    }
  }
  Written();
  EXPECT_EQ(FirstAddress(2, 8), 0x11u);
}

// Each connection is another file: those of long ago are forgotten, the latest are known.
TEST_F(PassedDescriptorsTest, MemoryIsBounded) {
  for (uint64_t file = 1; file <= 3 * PassedDescriptors::kMaxFiles; ++file) {
    Send(SendAgain(5, 11, file));
    if (file % 2 == 0) continue;
    Event received = Receive(file, 2, file);
    Send(received, 2);
  }
  Send(Receive(20'000, 2, /*file=*/2), 2);
  Send(Receive(20'001, 2, 3 * PassedDescriptors::kMaxFiles), 2);
  Written();
  EXPECT_EQ(FirstAddress(2, 3), 0x11u) << "joined before it was forgotten";
  EXPECT_EQ(FirstAddress(2, 20'000), 0u) << "its send was forgotten";
  EXPECT_EQ(FirstAddress(2, 20'001), 0x11u);
}

}  // namespace
}  // namespace fdtrace
