// Peers that mean harm: what they do to what they share with the collector costs them their own recording, and nobody
// else anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SessionHostileTest : public SessionFixture {
 protected:
  void SetUp() override { ASSERT_EQ(pipe(harm_done_), 0); }
  void TearDown() override {
    for (const int fd : harm_done_) close(fd);
  }
  // In a peer: lets the honest one begin.
  bool TellHarmDone() { return write(harm_done_[1], "", 1) == 1; }
  // An honest process that is recorded from its hello to its end, once the harm is done.
  pid_t ForkHonest() {
    return Fork([&] {
      char byte;
      TracedClient client;
      if (read(harm_done_[0], &byte, 1) != 1 || !client.SayHello(variable_)) return 1;
      client.Write(OpenedEvent(1, 50));
      client.AnnounceExit();
      return 0;
    });
  }
  // What the honest process told, whatever the others did.
  std::vector<uint64_t> IdsOf(pid_t pid) const {
    for (const auto& [serial, followed] : model_.images) {
      if (followed.image.pid == static_cast<uint32_t>(pid)) return OpenedIds(followed);
    }
    return {};
  }

  int harm_done_[2] = {-1, -1};
};

TEST_F(SessionHostileTest, HolesPunchedIntoItsMemoryFaultNobody) {
  const pid_t hostile = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    client.Write(OpenedEvent(1, 50));
    if (madvise(&client.arena(), sizeof(Arena), MADV_REMOVE) != 0) return 2;
    if (madvise(&client.page(), kPageBytes, MADV_REMOVE) != 0) return 3;
    return TellHarmDone() ? 0 : 4;
  });
  const pid_t honest = ForkHonest();
  const Served served = Serve(honest);
  int status = 0;
  waitpid(hostile, &status, 0);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(IdsOf(honest), ElementsAre(1));
}

TEST_F(SessionHostileTest, ConnectionsThatSayNothingKeepNobodyOutHoweverManyTheyAre) {
  const pid_t hostile = Fork([&] {
    for (int i = 0; i < 3000; ++i) {
      const int fd = Connect(variable_);
      if (fd > 900) close(fd);
      if (i == 1000 && !TellHarmDone()) return 1;
    }
    return 0;
  });
  const pid_t honest = ForkHonest();
  const Served served = Serve(honest);
  kill(hostile, SIGKILL);
  waitpid(hostile, nullptr, 0);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(IdsOf(honest), ElementsAre(1));
  EXPECT_THAT(served.notes, Contains(HasSubstr("before anything was said")));
}

TEST_F(SessionHostileTest, CountsThatNoProgramCanReachAreNotBelieved) {
  const pid_t hostile = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    client.Write(OpenedEvent(1, 50));
    client.arena().rings[0].lost.store(1ull << 60);
    client.arena().header.lost.store(2);
    client.arena().header.stackless.store(UINT64_MAX);
    client.AnnounceExit();
    return 0;
  });
  const Served served = Serve(hostile);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(IdsOf(hostile), ElementsAre(1));
  EXPECT_EQ(model_.images.at(1).lost, 2u + 2u);  // what may be, and one for each that may not
  EXPECT_EQ(model_.images.at(1).stackless, 0u);
  EXPECT_THAT(served.notes, Contains(HasSubstr("damaged its record")));
}

TEST_F(SessionHostileTest, ARingThatIsNeverEmptyHoldsNobodyUp) {
  const pid_t hostile = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_) || !TellHarmDone()) return 1;
    client.arena().rings[0].owner.store(1);
    // Every four bytes an event of no bytes, which is damage; and always as much as a ring can hold.
    while (true) client.arena().rings[0].head.store(client.arena().rings[0].tail.load() + kRingBytes);
  });
  const pid_t honest = ForkHonest();
  const Served served = Serve(honest, std::chrono::milliseconds(100));
  kill(hostile, SIGKILL);
  waitpid(hostile, nullptr, 0);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(IdsOf(honest), ElementsAre(1));
  EXPECT_THAT(served.notes, Contains(HasSubstr("damaged its record")));
}

}  // namespace
}  // namespace fdtrace
