// Sessions that record no one program: what ends them, and what does not.
#include "collector/session_stop.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr milliseconds kLimit = seconds(20);

// Not a test: what this program does when it is run by another name.
TEST(AnotherProgram, DISABLED_SaysHello) {
  TracedClient client;
  if (!client.SayHello(getenv(kSessionVariable))) exit(1);
  client.AnnounceExit();
}

class SessionStopTest : public SessionFixture {
 protected:
  // A process that says hello, opens descriptor ID and exits: its exit status.
  int RunClient(uint64_t id) const {
    return ExitStatus(Fork([&] {
      TracedClient client;
      if (!client.SayHello(variable_)) return 1;
      client.Write(OpenedEvent(id, 50));
      client.AnnounceExit();
      return 0;
    }));
  }
  static int ExitStatus(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static pid_t Pausing() {
    return Fork([] {
      pause();
      return 0;
    });
  }
  static void End(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  std::string WithAnotherCookie() const {
    std::string other = variable_;
    other.back() = other.back() == '0' ? '1' : '0';
    return other;
  }
  // Serves while MEANWHILE runs.
  template <typename Meanwhile>
  Served ServeWhile(const ServeOptions& options, Meanwhile meanwhile) {
    std::thread other(meanwhile);
    Served served = session_->Serve(options);
    other.join();
    return served;
  }
};

TEST_F(SessionStopTest, RecordsWhoeverComesUntilItIsStopped) {
  std::vector<int> statuses;
  const Served served = ServeWhile({}, [&] {
    for (uint64_t id = 1; id <= 3; ++id) statuses.push_back(RunClient(id));
    session_->Stop();
  });
  EXPECT_THAT(statuses, ElementsAre(0, 0, 0));
  EXPECT_TRUE(served.stopped);
  EXPECT_FALSE(served.root_ended);
  EXPECT_EQ(served.images, 3u);
  EXPECT_EQ(served.outlived, 0u);
  EXPECT_THAT(OpenedIds(3), ElementsAre(3));
  EXPECT_THAT(served.notes, IsEmpty());
}

TEST_F(SessionStopTest, GoesOnAsLongAsOneKeeperLives) {
  const std::vector<pid_t> pids = {Pausing(), Pausing()};
  const std::vector<ProcessWatch> keepers = [&] {
    std::vector<ProcessWatch> watches;
    watches.reserve(pids.size());
    for (const pid_t pid : pids) watches.emplace_back(pid);
    return watches;
  }();
  int status = -1;
  const Served served = ServeWhile({.keepers = keepers}, [&] {
    End(pids[0]);
    usleep(100'000);
    status = RunClient(1);
    End(pids[1]);
  });
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(served.stopped);
  EXPECT_EQ(served.images, 1u);
}

TEST_F(SessionStopTest, GoesOnWithoutKeepersAsLongAsATracedProcessLives) {
  int go[2], welcomed[2];
  ASSERT_EQ(pipe(go), 0);
  ASSERT_EQ(pipe(welcomed), 0);
  const pid_t keeper = Pausing();
  const pid_t traced = Fork([&] {
    TracedClient client;
    char byte = client.SayHello(variable_) ? 'w' : '-';
    if (write(welcomed[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1) return 1;
    client.Write(OpenedEvent(7, 50));
    client.AnnounceExit();
    return 0;
  });
  std::vector<ProcessWatch> keepers;
  keepers.emplace_back(keeper);
  int status = -1;
  const Served served = ServeWhile({.linger = milliseconds(1), .keepers = keepers}, [&] {
    char byte = 0;
    EXPECT_EQ(read(welcomed[0], &byte, 1), 1);
    End(keeper);
    usleep(200'000);
    EXPECT_EQ(write(go[1], &byte, 1), 1);
    status = ExitStatus(traced);
  });
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(served.stopped);
  EXPECT_THAT(OpenedIds(1), ElementsAre(7));
  for (const int fd : {go[0], go[1], welcomed[0], welcomed[1]}) close(fd);
}

TEST_F(SessionStopTest, EndsAtOnceWhenTheKeepersHadEndedBefore) {
  const pid_t keeper = Pausing();
  std::vector<ProcessWatch> keepers;
  keepers.emplace_back(keeper);
  End(keeper);
  EXPECT_FALSE(session_->Serve({.keepers = keepers}).stopped);
}

TEST_F(SessionStopTest, IsStoppedByWhoHasTheCookieAndAnswersWhenTheTraceIsWritten) {
  absl::StatusOr<StoppedSession> stopped = absl::UnknownError("not asked");
  std::thread stopper([&] { stopped = StopSession(variable_, kLimit); });
  Served served = session_->Serve({});
  EXPECT_TRUE(served.stopped);
  EXPECT_THAT(served.notes, IsEmpty());
  ASSERT_THAT(served.stoppers, SizeIs(1));
  EXPECT_TRUE(AnswerStop(served.stoppers[0], StoppedSession{.collector = 4711, .started_unix_ns = 1'000'000'007}));
  stopper.join();
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->collector, 4711);
  EXPECT_EQ(stopped->started_unix_ns, 1'000'000'007);
}

TEST_F(SessionStopTest, TellsTheStopperWhyThereIsNoTrace) {
  absl::Status error;
  std::thread stopper([&] { error = StopSession(variable_, kLimit).status(); });
  Served served = session_->Serve({});
  ASSERT_THAT(served.stoppers, SizeIs(1));
  const std::string why = "cannot write " + std::string(4000, 'x');
  EXPECT_TRUE(AnswerStop(served.stoppers[0], absl::UnavailableError(why)));
  stopper.join();
  EXPECT_TRUE(absl::IsDataLoss(error)) << error;
  EXPECT_THAT(std::string(error.message()), HasSubstr("cannot write xxx"));
}

TEST_F(SessionStopTest, DoesNothingForAStopWithAWrongCookie) {
  absl::Status refused;
  int status = -1;
  const Served served = ServeWhile({}, [&] {
    refused = StopSession(WithAnotherCookie(), kLimit).status();
    status = RunClient(1);
    session_->Stop();
  });
  EXPECT_THAT(std::string(refused.message()), HasSubstr("without a word"));
  EXPECT_EQ(status, 0);
  EXPECT_THAT(served.stoppers, IsEmpty());
  EXPECT_THAT(served.notes, ElementsAre(HasSubstr("1 connection was refused")));
}

TEST_F(SessionStopTest, DoesNotEndTheRecordingOfAProgram) {
  const pid_t program = Fork([&] {
    if (!absl::IsFailedPrecondition(StopSession(variable_, kLimit).status())) return 1;
    TracedClient client;
    return client.SayHello(variable_) ? 0 : 2;
  });
  const Served served = Serve(program);
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_FALSE(served.stopped);
  EXPECT_EQ(served.images, 1u);
}

TEST_F(SessionStopTest, SaysThatNobodyListens) {
  const std::string gone = [] {
    RememberingModel model;
    return Session::Open(model).value()->variable();
  }();
  for (const std::string& variable : {gone, std::string(), std::string("nonsense"), std::string(":"), gone + "0",
                                      std::string(200, 'x') + ":" + std::string(kCookieBytes, '0')}) {
    EXPECT_FALSE(SessionLives(variable)) << variable;
    EXPECT_TRUE(absl::IsNotFound(StopSession(variable, kLimit).status())) << variable;
  }
}

TEST_F(SessionStopTest, IsAskedWhetherItLivesWithoutNoticing) {
  bool lives = false;
  const Served served = ServeWhile({}, [&] {
    lives = SessionLives(variable_);
    session_->Stop();
  });
  EXPECT_TRUE(lives);
  EXPECT_THAT(served.notes, IsEmpty());
}

TEST_F(SessionStopTest, GivesUpOnACollectorThatDoesNotAnswer) {
  EXPECT_TRUE(absl::IsDeadlineExceeded(StopSession(variable_, milliseconds(1)).status()));
}

TEST_F(SessionStopTest, LeavesOutProcessesThatRunItsOwnProgramAndNoOthers) {
  char directory[] = "/tmp/session_stop_test.XXXXXX";
  const std::string other = std::string(mkdtemp(directory)) + "/other";
  std::filesystem::copy_file("/proc/self/exe", other);
  int own_status = -1, other_status = -1;
  const Served served = ServeWhile({.leave_out_fdtrace = true}, [&] {
    own_status = RunClient(1);
    other_status = ExitStatus(Fork([&] {
      setenv(kSessionVariable, variable_.c_str(), 1);
      return execl(other.c_str(), "other", "--gtest_also_run_disabled_tests", "--gtest_filter=AnotherProgram*",
                   nullptr);
    }));
    session_->Stop();
  });
  std::filesystem::remove_all(directory);
  EXPECT_EQ(own_status, 1);
  EXPECT_EQ(other_status, 0);
  EXPECT_EQ(served.images, 1u);
  EXPECT_EQ(served.not_followed, 0u);
  EXPECT_THAT(served.notes, IsEmpty());
}

}  // namespace
}  // namespace fdtrace
