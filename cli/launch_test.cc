#include "cli/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;

class LaunchTest : public ::testing::Test {
 protected:
  LaunchTest() {
    char name[] = "/tmp/launch_test.XXXXXX";
    directory_ = mkdtemp(name);
    setpgid(0, 0);  // what is sent to our group concerns us alone
  }
  ~LaunchTest() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& name, const std::string& content) {
    std::string path = absl::StrCat(directory_, "/", name);
    std::ofstream(path) << content;
    chmod(path.c_str(), 0755);
    return path;
  }

  absl::StatusOr<pid_t> Start(const std::string& path, std::vector<std::string> arguments,
                              std::vector<std::string> environment = {}) {
    Launch launch;
    launch.program.path = path;
    launch.program.shell_text = true;
    launch.command = std::move(arguments);
    launch.command.insert(launch.command.begin(), path);
    launch.environment = std::move(environment);
    getrlimit(RLIMIT_NOFILE, &launch.open_files);
    return StartProgram(launch, signals_);
  }

  int Status(const std::string& script, std::vector<std::string> environment = {}) {
    const auto program = Start("/bin/sh", {"-c", script}, std::move(environment));
    EXPECT_TRUE(program.ok()) << program.status();
    return program.ok() ? signals_.WaitForEnd(*program) : -1;
  }

  std::string directory_;
  SignalRelay signals_;
};

TEST_F(LaunchTest, GivesTheProgramsExitStatus) {
  const int status = Status("exit 3");
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST_F(LaunchTest, GivesTheSignalThatKilledTheProgram) {
  const int status = Status("kill -KILL $$");
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(LaunchTest, GivesTheProgramItsEnvironmentAlone) {
  EXPECT_EQ(WEXITSTATUS(Status("test \"$A:$HOME\" = \"x y:\" && exit 5", {"A=x y"})), 5);
}

TEST_F(LaunchTest, TellsAMissingProgramFromARefusedOne) {
  EXPECT_TRUE(absl::IsNotFound(Start(directory_ + "/missing", {}).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Start(directory_, {}).status()));
  const absl::Status orphan = Start(File("orphan", "#!/no/such/interpreter\n"), {}).status();
  EXPECT_TRUE(absl::IsNotFound(orphan));
  EXPECT_THAT(std::string(orphan.message()), HasSubstr("interpreter"));
}

TEST_F(LaunchTest, LeavesTextToTheShell) {
  const auto program = Start(File("text", "exit $1\n"), {"6"});
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(WEXITSTATUS(signals_.WaitForEnd(*program)), 6);
}

TEST_F(LaunchTest, PassesOnASignalSentToUsAlone) {
  const auto program = Start("/bin/sleep", {"60"});
  ASSERT_TRUE(program.ok()) << program.status();
  kill(getpid(), SIGTERM);
  const int status = signals_.WaitForEnd(*program);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST_F(LaunchTest, PassesOnASignalSentToAGroupThatTheProgramHasLeft) {
  const auto program = Start("/usr/bin/setsid", {"sleep", "60"});
  ASSERT_TRUE(program.ok()) << program.status();
  while (getpgid(*program) == getpgrp()) usleep(1000);
  kill(0, SIGINT);
  const int status = signals_.WaitForEnd(*program);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST_F(LaunchTest, LeavesASignalSentToTheGroupToReachTheProgramByItself) {
  // Counts lines: one for each SIGUSR1, until told to stop.
  const std::string seen = directory_ + "/seen";
  const std::string script =
      absl::StrCat("trap 'echo >>", seen, "' USR1; trap 'exit 0' USR2; echo >", seen, "; while :; do sleep 0.01; done");
  const auto program = Start("/bin/bash", {"-c", script}, {"PATH=/usr/bin:/bin"});
  ASSERT_TRUE(program.ok()) << program.status();
  while (!std::filesystem::exists(seen)) usleep(1000);
  kill(0, SIGUSR1);
  std::error_code error;
  while (std::filesystem::file_size(seen, error) < 2) usleep(1000);
  kill(0, SIGUSR2);  // taken from our queue after the first
  signals_.WaitForEnd(*program);
  EXPECT_EQ(std::filesystem::file_size(seen), 2u);
}

TEST_F(LaunchTest, WaitsUntilDoneOrInterruptedOrTheLimitIsOver) {
  using Waited = SignalRelay::Waited;
  EXPECT_EQ(signals_.WaitUntil([] { return true; }, std::chrono::hours(1)), Waited::kDone);
  EXPECT_EQ(signals_.WaitUntil([] { return false; }, std::chrono::milliseconds(1)), Waited::kTimedOut);
  int asked = 0;
  const auto done_after_waking = [&] {
    signals_.Wake();
    return ++asked == 3;
  };
  EXPECT_EQ(signals_.WaitUntil(done_after_waking, std::chrono::hours(1)), Waited::kDone);
  kill(getpid(), SIGINT);
  EXPECT_EQ(signals_.WaitUntil([] { return false; }, std::chrono::hours(1)), Waited::kStopped);
}

TEST_F(LaunchTest, ForgetsSignalsOnRelease) {
  kill(getpid(), SIGTERM);
  signals_.Release();
  sigset_t pending;
  sigpending(&pending);
  EXPECT_FALSE(sigismember(&pending, SIGTERM));
}

}  // namespace
}  // namespace fdtrace
