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

TEST(StragglersTest, AreKnownByTheirEnvironment) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  EXPECT_THAT(ProcessesWith(variable, 0), IsEmpty());
  const pid_t ours = StartWith(variable), anothers = StartWith("other:cookie");
  EXPECT_THAT(ProcessesWith(variable, 0), ElementsAre(ours));
  EXPECT_THAT(ProcessesWith(variable, ours), IsEmpty());
  End(ours);
  End(anothers);
  EXPECT_THAT(ProcessesWith(variable, 0), IsEmpty());
}

TEST(StragglersTest, AreWaitedForWithALimit) {
  const std::string variable = absl::StrCat("stragglers-", getpid(), ":cookie");
  Stragglers stragglers;
  EXPECT_FALSE(stragglers.MayStillComeForward(variable, 0, 1000));
  const pid_t pid = StartWith(variable);
  Stragglers with_one;
  EXPECT_TRUE(with_one.MayStillComeForward(variable, 0, 1000));
  EXPECT_TRUE(with_one.MayStillComeForward(variable, 0, 999 + kStragglerLimitNs));
  EXPECT_FALSE(with_one.MayStillComeForward(variable, 0, 1000 + kStragglerLimitNs));
  End(pid);
}

}  // namespace
}  // namespace fdtrace
