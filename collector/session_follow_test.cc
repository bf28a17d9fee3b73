#include "collector/session_follow.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>

#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Whom = Follow::Whom;

TEST(FollowTest, MatchesTheNameOrTheWholePathOfTheExecutable) {
  const auto matches = [](const char* pattern, const char* executable) {
    return Follow{.whom = Whom::kMatching, .pattern = pattern}.Includes(true, false, executable);
  };
  EXPECT_TRUE(matches("python3*", "/usr/bin/python3.11"));
  EXPECT_TRUE(matches("/usr/bin/*", "/usr/bin/python3.11"));
  EXPECT_FALSE(matches("python3", "/usr/bin/python3.11"));
  EXPECT_FALSE(matches("/bin/*", "/usr/bin/python3.11"));
  EXPECT_FALSE(matches("python3*", ""));
}

TEST(FollowTest, CountsAProcessThatAsksAgainOnce) {
  NotFollowed processes;
  for (pid_t pid = 1; pid <= 1000; ++pid) {
    processes.Add(pid);
    processes.Add(pid);
  }
  EXPECT_EQ(processes.count(), 1000u);
}

// Not a test: what this program does when it is run by another name.
TEST(AnotherProgram, DISABLED_SaysHello) { TracedClient().SayHello(getenv(kSessionVariable)); }

class SessionFollowTest : public SessionFixture {
 protected:
  Served ServeFollowing(const Follow& follow, const std::function<int()>& root) {
    return session_->Serve({.root_pid = Fork(root), .follow = follow});
  }
  static int Wait(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
};

TEST_F(SessionFollowTest, FollowsTheProgramsOwnProcessAlone) {
  const Served served = ServeFollowing({.whom = Whom::kRoot}, [&] {
    TracedClient client, after_exec;
    if (!client.SayHello(variable_)) return 1;
    const int child = Wait(Fork([&] {
      TracedClient forked, program;
      return forked.SayHello(variable_, HelloKind::kForked, client.serial()) || program.SayHello(variable_) ? 1 : 0;
    }));
    const int vfork_child = Wait(Fork([&] {
      client.Write(VforkChildEvent(getpid()));
      client.Write(OpenedEvent(1, 50));
      return 0;
    }));
    client.Write(VforkEndEvent());
    client.Write(OpenedEvent(2, 50));
    if (child != 0 || vfork_child != 0 || !after_exec.SayHello(variable_)) return 2;
    after_exec.AnnounceExit();
    return 0;
  });

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  EXPECT_EQ(served.not_followed, 1u);
  EXPECT_THAT(model_.images, SizeIs(2));
  EXPECT_THAT(OpenedIds(1), ElementsAre(2));
  EXPECT_THAT(served.notes, Contains("1 process was not followed, as --follow asks"));
}

TEST_F(SessionFollowTest, FollowsProgramsThatMatch) {
  const Served served = ServeFollowing({.whom = Whom::kMatching, .pattern = "session_follow_*"}, [&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    return Wait(Fork([&] {
      TracedClient forked;
      return forked.SayHello(variable_, HelloKind::kForked, client.serial()) ? 0 : 1;
    }));
  });
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  EXPECT_THAT(served.notes, IsEmpty());
}

TEST_F(SessionFollowTest, LeavesOutProgramsThatDoNotMatch) {
  const Served served = ServeFollowing({.whom = Whom::kMatching, .pattern = "python*"}, [&] {
    TracedClient client;
    return client.SayHello(variable_) ? 1 : 0;
  });
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 0u);
  EXPECT_EQ(served.not_followed, 1u);
  EXPECT_THAT(model_.images, IsEmpty());
}

TEST_F(SessionFollowTest, SaysOfAFollowedProcessThatItRunsAProgramThatIsNot) {
  char directory[] = "/tmp/session_follow_test.XXXXXX";
  const std::string other = std::string(mkdtemp(directory)) + "/other";
  std::filesystem::copy_file("/proc/self/exe", other);
  const Served served = ServeFollowing({.whom = Whom::kMatching, .pattern = "session_*"}, [&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    dup2(open("/etc/passwd", O_RDONLY), 77);
    client.Write(ExecutingEvent(other));
    setenv(kSessionVariable, variable_.c_str(), 1);
    return execl(other.c_str(), "other", "--gtest_also_run_disabled_tests", "--gtest_filter=AnotherProgram*", nullptr);
  });
  std::filesystem::remove_all(directory);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.not_followed, 1u);
  ASSERT_THAT(model_.images, SizeIs(1));
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  const UntracedProgram& program = model_.images.at(1).untraced[0];
  EXPECT_EQ(program.executable, other);
  EXPECT_EQ(program.reason, "not followed, as --follow asks");
  ASSERT_TRUE(program.present.has_value());
  EXPECT_THAT(*program.present, Contains(::testing::Field(&SeenDescriptor::link, "/etc/passwd")));
  EXPECT_THAT(*program.present, Each(::testing::Field(&SeenDescriptor::resource, ::testing::Ne(SOCKET))));
}

}  // namespace
}  // namespace fdtrace
