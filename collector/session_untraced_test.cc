// Programs that never say hello.
#include "collector/session_untraced.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionUntracedTest : public SessionFixture {
 protected:
  SessionUntracedTest() {
    char name[] = "/tmp/session_untraced_test.XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~SessionUntracedTest() override { std::filesystem::remove_all(directory_); }

  // A program that waits for its end, or ends at once.
  std::string Compiled(const std::string& name, const std::string& flags, bool waits) {
    std::string path = absl::StrCat(directory_, "/", name);
    const std::string command = absl::StrCat("echo 'int pause(void); int main() { return ", waits ? "pause()" : "0",
                                             "; }' | cc -x c - ", flags, " -o ", path);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path;
  }

  // What the process of a client runs in its place, with VARIABLE for its session.
  static int Exec(TracedClient& client, const std::string& path, const std::string& variable) {
    client.Write(ExecutingEvent(path));
    const std::string entry = absl::StrCat(kSessionVariable, "=", variable);
    char* const arguments[] = {const_cast<char*>(path.c_str()), const_cast<char*>("600"), nullptr};
    char* const environment[] = {variable.empty() ? nullptr : const_cast<char*>(entry.c_str()), nullptr};
    execve(path.c_str(), arguments, environment);
    return 1;
  }
  pid_t StartClient(const std::function<int(TracedClient&)>& body) {
    return Fork([&] {
      TracedClient client;
      return client.SayHello(variable_) ? body(client) : 99;
    });
  }
  // Until it is known or LIMIT is over; then the process is killed.
  Served ServeUntilUntraced(pid_t pid, std::chrono::seconds limit = std::chrono::seconds(20)) {
    model_.when_untraced = [pid] { kill(pid, SIGKILL); };
    std::atomic<bool> served = false;
    std::thread killer([&] {
      const auto until = std::chrono::steady_clock::now() + limit;
      while (!served && std::chrono::steady_clock::now() < until) usleep(1'000);
      if (!served) kill(pid, SIGKILL);
    });
    Served result = Serve(pid);
    served = true;
    killer.join();
    return result;
  }

  std::string directory_;
};

TEST_F(SessionUntracedTest, SeesAStaticProgramWhileItRuns) {
  const std::string program = Compiled("static", "-static", /*waits=*/true);
  const pid_t pid = StartClient([&](TracedClient& client) {
    dup2(open("/etc/passwd", O_RDONLY), 77);
    return Exec(client, program, variable_);
  });
  ServeUntilUntraced(pid);

  const auto& image = model_.images.at(1);
  ASSERT_THAT(image.untraced, SizeIs(1));
  EXPECT_EQ(image.untraced[0].executable, program);
  EXPECT_THAT(image.untraced[0].command_line, ElementsAre(program, "600"));
  EXPECT_THAT(image.untraced[0].reason, HasSubstr("statically linked"));
  ASSERT_TRUE(image.untraced[0].present.has_value());
  EXPECT_THAT(*image.untraced[0].present, Contains(::testing::Field(&SeenDescriptor::link, "/etc/passwd")));
  EXPECT_TRUE(image.ended);
  EXPECT_EQ(image.end, ProcessEnd::kVanished);
}

TEST_F(SessionUntracedTest, SeesAStaticProgramThatEndsAtOnce) {
  const std::string program = Compiled("static", "-static", /*waits=*/false);
  const pid_t pid = StartClient([&](TracedClient& client) { return Exec(client, program, variable_); });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  const UntracedProgram& untraced = model_.images.at(1).untraced[0];
  EXPECT_EQ(untraced.executable, program);
  EXPECT_THAT(untraced.reason, HasSubstr("statically linked"));
  EXPECT_FALSE(untraced.present.has_value());
  EXPECT_EQ(model_.images.at(1).end, ProcessEnd::kVanished);
}

TEST_F(SessionUntracedTest, SaysWhenAProgramWasStartedWithoutOurEnvironment) {
  const std::string program = Compiled("plain", "", /*waits=*/true);
  const pid_t pid = StartClient([&](TracedClient& client) { return Exec(client, program, "other:cookie"); });
  ServeUntilUntraced(pid);

  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  EXPECT_EQ(model_.images.at(1).untraced[0].reason,
            absl::StrCat(program, " never reported: it was started without fdtrace's environment"));
}

TEST_F(SessionUntracedTest, WaitsForAProgramThatMayStillSayHello) {
  const std::string program = Compiled("plain", "", /*waits=*/true);
  const pid_t pid = StartClient([&](TracedClient& client) { return Exec(client, program, variable_); });
  const Served served = ServeUntilUntraced(pid);

  EXPECT_GE(served.duration_ns, ExecutionsToLookAt::kLoadingLimitNs);
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  EXPECT_EQ(model_.images.at(1).untraced[0].reason, NeverReported(program));
}

TEST_F(SessionUntracedTest, TellsAnExecThatFailedFromOneThatDidNot) {
  const pid_t pid = StartClient([&](TracedClient& client) {
    client.Write(ExecutingEvent("/not/here"));
    client.Write(ExecFailedEvent());
    client.Write(ExecutingEvent("/slow/to/start"));
    usleep(250'000);  // longer than the first look
    client.Write(ExecFailedEvent());
    client.AnnounceExit();
    return 0;
  });
  Serve(pid);
  EXPECT_THAT(model_.images.at(1).untraced, IsEmpty());
  EXPECT_THAT(model_.images.at(1).events, SizeIs(4));
  EXPECT_EQ(model_.images.at(1).end, ProcessEnd::kExited);
}

TEST_F(SessionUntracedTest, SaysNothingOfAProgramThatSaysHello) {
  const pid_t pid = StartClient([&](TracedClient& client) {
    client.Write(ExecutingEvent("/bin/program"));
    usleep(150'000);
    TracedClient program;
    if (!program.SayHello(variable_)) return 1;
    program.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid);
  EXPECT_EQ(served.wait_status, 0);
  ASSERT_THAT(model_.images, SizeIs(2));
  EXPECT_THAT(model_.images.at(1).untraced, IsEmpty());
  EXPECT_THAT(model_.images.at(2).untraced, IsEmpty());
}

TEST_F(SessionUntracedTest, KnowsAProgramThatDiedWhileItWasLoaded) {
  const pid_t pid = StartClient([&](TracedClient& client) {
    client.Write(ExecutingEvent("/bin/true"));
    raise(SIGSEGV);
    return 0;
  });
  Serve(pid);
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  EXPECT_EQ(model_.images.at(1).untraced[0].executable, "/bin/true");
  EXPECT_EQ(model_.images.at(1).untraced[0].reason, NeverReported("/bin/true"));
}

TEST_F(SessionUntracedTest, FindsTheFilesOfNamesAndRelativePaths) {
  EXPECT_THAT(ProgramOfEnded({.path = "true", .caller = {}}, getpid()).executable, EndsWith("/bin/true"));
  EXPECT_EQ(ProgramOfEnded({.path = "./true", .caller = {}}, getpid()).executable,
            (std::filesystem::current_path() / "./true").string());
  EXPECT_EQ(ProgramOfEnded({.path = "/bin/true", .caller = {}}, 0).executable, "/bin/true");
  EXPECT_EQ(ProgramOfEnded({.path = "no-such-program", .caller = {}}, getpid()).executable, "no-such-program");
}

TEST_F(SessionUntracedTest, WaitsForASpawnedStaticProgram) {
  const std::string program = Compiled("static", "-static", /*waits=*/true);
  pid_t child = 0;
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t pid = StartClient([&](TracedClient& client) {
    client.Write(ExecutingEvent(program, /*spawns=*/true));
    const pid_t spawned = fork();
    if (spawned == 0) execl(program.c_str(), program.c_str(), nullptr);
    client.Write(SpawnedEvent(spawned));
    const bool ok = write(told[1], &spawned, sizeof spawned) == sizeof spawned;
    client.AnnounceExit();
    return ok ? 0 : 1;
  });
  model_.when_untraced = [&] {
    ASSERT_EQ(read(told[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    kill(child, SIGKILL);
  };
  const Served served = Serve(pid);

  EXPECT_EQ(served.outlived, 0u);
  EXPECT_EQ(served.images, 1u);
  ASSERT_THAT(model_.images, SizeIs(2));
  const auto& image = model_.images.at(2);
  EXPECT_EQ(image.image.forked_from, 1u);
  EXPECT_EQ(image.image.pid, static_cast<uint32_t>(child));
  ASSERT_THAT(image.untraced, SizeIs(1));
  EXPECT_EQ(image.untraced[0].executable, program);
  EXPECT_TRUE(image.ended);
  for (const int fd : told) close(fd);
}

TEST_F(SessionUntracedTest, SaysAtTheEndOfRecordingWhatHasNotSaidHello) {
  const std::string program = Compiled("plain", "", /*waits=*/true);
  const pid_t pid = StartClient([&](TracedClient& client) {
    const pid_t spawned = fork();
    const std::string entry = absl::StrCat(kSessionVariable, "=", variable_);
    char* const environment[] = {const_cast<char*>(entry.c_str()), nullptr};
    if (spawned == 0) execle(program.c_str(), program.c_str(), nullptr, environment);
    client.Write(ExecutingEvent(program, /*spawns=*/true));
    client.Write(SpawnedEvent(spawned));
    client.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid, std::chrono::milliseconds(300));

  EXPECT_EQ(served.outlived, 1u);
  ASSERT_THAT(model_.images, SizeIs(2));
  ASSERT_THAT(model_.images.at(2).untraced, SizeIs(1));
  EXPECT_TRUE(model_.images.at(2).untraced[0].present.has_value());
  EXPECT_FALSE(model_.images.at(2).ended);
  kill(static_cast<pid_t>(model_.images.at(2).image.pid), SIGKILL);
}

TEST_F(SessionUntracedTest, SleepsOnWhileAnUntracedProgramRuns) {
  const std::string program = Compiled("static", "-static", /*waits=*/true);
  const pid_t pid = StartClient([&](TracedClient& client) { return Exec(client, program, variable_); });
  rusage before = {}, after = {};
  model_.when_untraced = [&] { getrusage(RUSAGE_SELF, &before); };
  std::thread killer([&] {
    sleep(3);
    kill(pid, SIGKILL);
  });
  Serve(pid);
  getrusage(RUSAGE_SELF, &after);
  killer.join();
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 50);
}

}  // namespace
}  // namespace fdtrace
