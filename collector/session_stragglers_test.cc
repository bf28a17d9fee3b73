#include "collector/session_stragglers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "collector/procfs.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

// A program that waits with VARIABLE in its environment.
pid_t StartWith(const std::string& variable) {
  const pid_t pid = fork();
  if (pid == 0) {
    const std::string entry = absl::StrCat(kSessionVariable, "=", variable);
    char* const environment[] = {const_cast<char*>("A=1"), const_cast<char*>(entry.c_str()), nullptr};
    execle("/bin/sh", "sh", "-c", "kill -STOP $$", nullptr, environment);
    _exit(1);
  }
  waitpid(pid, nullptr, WUNTRACED);
  return pid;
}

void End(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

// Looks until it is sure: elsewhere somebody may just be between two programs. BEFORE_EACH look something may happen.
bool MayStillCome(
    Stragglers& stragglers, const std::function<void()>& before_each = [] {}) {
  int64_t now_ns = 1;
  for (int look = 0; look < 100; ++look) {
    before_each();
    if (!stragglers.MayStillCome(now_ns) || !stragglers.seen().empty()) break;
    now_ns = stragglers.next_look_ns();
  }
  return stragglers.may_still_come();
}

TEST(StragglersTest, AreKnownByTheirEnvironment) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  Stragglers before(variable, 0);
  EXPECT_FALSE(MayStillCome(before));
  const pid_t ours = StartWith(variable), anothers = StartWith("other:cookie");
  Stragglers all(variable, 0), others(variable, ours);
  EXPECT_TRUE(MayStillCome(all));
  EXPECT_THAT(all.seen(), ElementsAre(ours));
  EXPECT_FALSE(MayStillCome(others));
  End(ours);
  End(anothers);
  Stragglers after(variable, 0);
  EXPECT_FALSE(MayStillCome(after));
}

TEST(StragglersTest, NobodyWaitsForThoseThatEndedElsewhere) {
  Stragglers stragglers(absl::StrCat("stragglers-", getpid(), ":cookie"), 0);
  std::vector<pid_t> ended;
  EXPECT_FALSE(MayStillCome(stragglers, [&] {
    ended.push_back(fork());
    if (ended.back() == 0) _exit(0);
    siginfo_t end;
    waitid(P_PID, static_cast<id_t>(ended.back()), &end, WEXITED | WNOWAIT);
  }));
  for (const pid_t pid : ended) waitpid(pid, nullptr, 0);
}

// Between two programs its environment reads as empty.
TEST(StragglersTest, OneThatRunsOneProgramAfterAnotherIsNeverMissed) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  const pid_t pid = fork();
  if (pid == 0) {
    const std::string entry = absl::StrCat(kSessionVariable, "=", variable);
    char* const environment[] = {const_cast<char*>(entry.c_str()), nullptr};
    alarm(60);
    constexpr char kRunsItselfAgain[] = "exec /bin/sh -c \"$0\" \"$0\"";
    execle("/bin/sh", "sh", "-c", kRunsItselfAgain, kRunsItselfAgain, nullptr, environment);
    _exit(1);
  }
  usleep(50'000);
  int64_t now_ns = 1;
  Stragglers stragglers(variable, 0);
  int missed = 0;
  for (int look = 0; look < 500; ++look) {
    missed += !stragglers.MayStillCome(now_ns);
    now_ns = stragglers.next_look_ns();
  }
  EXPECT_EQ(missed, 0);
  End(pid);
}

TEST(StragglersTest, OneWhoseMainThreadHasEndedIsSeen) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  const pid_t pid = fork();
  if (pid == 0) {
    const std::string entry = absl::StrCat(kSessionVariable, "=", variable);
    memcpy(environ[0], entry.c_str(), entry.size() + 1);  // as /proc shows it
    std::thread([] { sleep(60); }).detach();
    syscall(SYS_exit, 0);  // of this thread alone
  }
  while (ProcessDirectory::Open(pid)->Lives()) usleep(1000);
  Stragglers stragglers(variable, 0);
  EXPECT_TRUE(stragglers.MayStillCome(1));
  EXPECT_THAT(stragglers.seen(), ElementsAre(pid));
  End(pid);
}

}  // namespace
}  // namespace fdtrace
