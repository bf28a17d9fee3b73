#include "collector/session_greeter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <climits>

#include "collector/session_testing.h"

namespace fdtrace {
namespace {

class GreeterTest : public ::testing::Test {
 protected:
  std::vector<Visitor> Attend(int64_t now_ns) {
    std::vector<Visitor> visitors;
    greeter_->Attend(now_ns, [&](Visitor& visitor) { visitors.push_back(std::move(visitor)); });
    return visitors;
  }
  bool HungUp(int fd) {
    pollfd state = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  }

  std::unique_ptr<Greeter> greeter_ = Greeter::Open().value();
};

TEST_F(GreeterTest, NamesItselfUnguessably) {
  const std::unique_ptr<Greeter> other = Greeter::Open().value();
  EXPECT_NE(greeter_->variable(), other->variable());
  const size_t colon = greeter_->variable().find(':');
  EXPECT_GE(colon, 32u);
  EXPECT_EQ(greeter_->variable().size() - colon - 1, kCookieBytes);
}

TEST_F(GreeterTest, HearsWhoSpeaksAtOnceAndWhoSpeaksLater) {
  const int prompt = Connect(greeter_->variable()), slow = Connect(greeter_->variable());
  Hello hello = MakeHello(greeter_->variable(), HelloKind::kForked, 5, prompt);
  ASSERT_EQ(send(prompt, &hello, sizeof hello, 0), static_cast<ssize_t>(sizeof hello));
  std::vector<Visitor> visitors = Attend(0);
  ASSERT_EQ(visitors.size(), 1u);
  EXPECT_EQ(visitors[0].pid, getpid());
  EXPECT_EQ(visitors[0].hello.kind, HelloKind::kForked);
  EXPECT_EQ(visitors[0].hello.parent_serial, 5u);
  EXPECT_EQ(visitors[0].hello.socket_fd, prompt);

  ASSERT_EQ(send(slow, &hello, sizeof hello, 0), static_cast<ssize_t>(sizeof hello));
  pollfd door = {.fd = greeter_->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&door, 1, 1000), 1);
  EXPECT_EQ(Attend(kHelloLimitNs - 1).size(), 1u);
  EXPECT_EQ(greeter_->next_deadline_ns(), INT64_MAX);
  close(prompt);
  close(slow);
}

TEST_F(GreeterTest, HangsUpOnTheSilentAfterAWhileAndNotBefore) {
  const int silent = Connect(greeter_->variable());
  EXPECT_TRUE(Attend(100).empty());
  EXPECT_EQ(greeter_->next_deadline_ns(), 100 + kHelloLimitNs);
  EXPECT_TRUE(Attend(99 + kHelloLimitNs).empty());
  EXPECT_FALSE(HungUp(silent));
  EXPECT_TRUE(Attend(100 + kHelloLimitNs).empty());
  EXPECT_TRUE(HungUp(silent));
  EXPECT_EQ(greeter_->silent(), 1u);
  EXPECT_EQ(greeter_->next_deadline_ns(), INT64_MAX);
  close(silent);
}

TEST_F(GreeterTest, ForgetsAtOnceWhoHangsUpUnheard) {
  close(Connect(greeter_->variable()));
  EXPECT_TRUE(Attend(0).empty());
  EXPECT_EQ(greeter_->silent(), 1u);
  EXPECT_EQ(greeter_->next_deadline_ns(), INT64_MAX);
}

TEST_F(GreeterTest, RefusesAHelloThatIsTooShortOrTooLong) {
  Hello hello = MakeHello(greeter_->variable(), HelloKind::kImage, 0, 0);
  char longer[sizeof hello + kMaxImageBytes + 1] = {};
  memcpy(longer, &hello, sizeof hello);
  for (const size_t bytes : {sizeof hello - 1, sizeof longer}) {
    const int fd = Connect(greeter_->variable());
    ASSERT_EQ(send(fd, longer, bytes, 0), static_cast<ssize_t>(bytes));
    EXPECT_TRUE(Attend(0).empty());
    EXPECT_TRUE(HungUp(fd));
    close(fd);
  }
  EXPECT_EQ(greeter_->refused(), 2u);
}

TEST_F(GreeterTest, PassesOnWhatAnImageTellsOfItself) {
  std::string message(sizeof(Hello) + kMaxImageBytes, 'i');
  const Hello hello = MakeHello(greeter_->variable(), HelloKind::kImage, 0, 0);
  memcpy(message.data(), &hello, sizeof hello);
  const int fd = Connect(greeter_->variable());
  ASSERT_EQ(send(fd, message.data(), message.size(), 0), static_cast<ssize_t>(message.size()));
  std::string image;
  greeter_->Attend(0, [&](Visitor& visitor) { image = visitor.image; });
  EXPECT_EQ(image, message.substr(sizeof hello));
  close(fd);
}

TEST_F(GreeterTest, HearsOneAfterManyWhoSayNothingAndWaitsForNoMoreThanSoMany) {
  constexpr size_t kTooMany = 10;
  std::vector<int> silent;
  for (size_t i = 0; i < kMaxWaiting + kTooMany; ++i) silent.push_back(Connect(greeter_->variable()));
  const int honest = Connect(greeter_->variable());
  const Hello hello = MakeHello(greeter_->variable(), HelloKind::kImage, 0, honest);
  ASSERT_EQ(send(honest, &hello, sizeof hello, 0), static_cast<ssize_t>(sizeof hello));
  EXPECT_EQ(Attend(0).size(), 1u);
  EXPECT_EQ(greeter_->silent(), kTooMany);
  for (size_t i = 0; i < silent.size(); ++i) EXPECT_EQ(HungUp(silent[i]), i < kTooMany) << i;
  for (const int fd : silent) close(fd);
  close(honest);
}

// A door of a user's, and helloes of others who know the cookie.
class GreeterOfAnotherUserTest : public GreeterTest {
 protected:
  static constexpr uid_t kCollector = 65001, kStranger = 65002;

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    ASSERT_EQ(seteuid(kCollector), 0);
    greeter_ = Greeter::Open().value();
  }
  void TearDown() override { (void)!seteuid(0); }
  size_t HelloesHeardFrom(uid_t peer) {
    EXPECT_EQ(seteuid(0), 0);
    int said[2];
    EXPECT_EQ(pipe(said), 0);
    const pid_t pid = Fork([&] {
      if (setresuid(peer, peer, peer) != 0) return 1;
      const int fd = Connect(greeter_->variable());
      const Hello hello = MakeHello(greeter_->variable(), HelloKind::kImage, 0, fd);
      if (send(fd, &hello, sizeof hello, 0) != sizeof hello || write(said[1], "", 1) != 1) return 1;
      pause();
      return 0;
    });
    close(said[1]);
    char byte;
    EXPECT_EQ(read(said[0], &byte, 1), 1);
    EXPECT_EQ(seteuid(kCollector), 0);
    const size_t heard = Attend(0).size();
    EXPECT_EQ(seteuid(0), 0);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    close(said[0]);
    return heard;
  }
};

TEST_F(GreeterOfAnotherUserTest, RefusesAStrangerThoughItHasTheCookie) {
  EXPECT_EQ(HelloesHeardFrom(kStranger), 0u);
  EXPECT_EQ(greeter_->other_user(), 1u);
}

TEST_F(GreeterOfAnotherUserTest, HearsItsOwnUserAndRoot) {
  EXPECT_EQ(HelloesHeardFrom(kCollector), 1u);
  EXPECT_EQ(HelloesHeardFrom(0), 1u);
  EXPECT_EQ(greeter_->other_user(), 0u);
}

TEST_F(GreeterOfAnotherUserTest, HearsWhateverUserAProgramThatRootRecordsBecame) {
  ASSERT_EQ(seteuid(0), 0);
  greeter_ = Greeter::Open().value();
  EXPECT_EQ(HelloesHeardFrom(kStranger), 1u);
}

}  // namespace
}  // namespace fdtrace
