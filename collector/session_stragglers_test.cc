#include "collector/session_stragglers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

// Until what has ended elsewhere meanwhile is out of the way.
bool MayStillCome(Stragglers& stragglers) {
  int64_t now_ns = 1;
  for (int look = 0; look < 1000; ++look) {
    if (!stragglers.MayStillCome(now_ns) || !stragglers.seen().empty()) break;
    now_ns = stragglers.next_look_ns();
  }
  return !stragglers.seen().empty();
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

TEST(StragglersTest, OneThatEndedWhileItWasLookedForMayHaveLeftAChild) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  Stragglers stragglers(variable, 0);
  MayStillCome(stragglers);
  const pid_t pid = StartWith(variable);
  kill(pid, SIGKILL);
  siginfo_t ended;
  waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT);
  EXPECT_TRUE(stragglers.MayStillCome(stragglers.next_look_ns()));
  EXPECT_THAT(stragglers.seen(), IsEmpty());
  waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace fdtrace
