// Children that say hello late or never, and that their parent's events tell of. A child of vfork is played by one of
// fork that writes into its parent's ring while the parent waits, and exec by a second hello.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <functional>

#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionChildrenTest : public SessionFixture {
 protected:
  // A client whose process is the program. What BODY returns it exits with, having announced that.
  Served ServeClient(const std::function<int(TracedClient&)>& body) {
    root_ = Fork([&] {
      TracedClient client;
      if (!client.SayHello(variable_)) return 99;
      const int status = body(client);
      client.AnnounceExit();
      return status;
    });
    return Serve(root_);
  }

  static pid_t VforkChild(TracedClient& parent, const std::function<int()>& body) {
    return Fork([&] {
      parent.Write(VforkChildEvent(getpid()));
      return body();
    });
  }

  // As a program that was run says hello, opens a descriptor, and exits.
  int RunTraced(uint64_t id) {
    TracedClient program;
    if (!program.SayHello(variable_)) return 1;
    program.Write(OpenedEvent(id, 60));
    program.AnnounceExit();
    return 0;
  }

  static int Wait(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  // All images but the program's own, in the order in which they came.
  std::vector<const RememberingModel::Followed*> Children() const {
    std::vector<const RememberingModel::Followed*> children;
    for (const auto& [serial, followed] : model_.images) {
      if (followed.image.pid != static_cast<uint32_t>(root_)) children.push_back(&followed);
    }
    return children;
  }

  pid_t root_ = 0;
};

TEST_F(SessionChildrenTest, TakesTheEventsOfAVforkChildForItsOwn) {
  const Served served = ServeClient([](TracedClient& client) {
    client.Write(OpenedEvent(1, 50));
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(2, 51));
      client.Write(ExitingEvent(0));
      return 0;
    });
    Wait(child);
    client.Write(VforkEndEvent());
    client.Write(OpenedEvent(3, 52));
    return 0;
  });

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 1u);
  EXPECT_THAT(OpenedIds(1), ElementsAre(1, 3));
  ASSERT_THAT(Children(), SizeIs(1));
  const auto& child = *Children()[0];
  EXPECT_EQ(child.image.forked_from, 1u);
  EXPECT_EQ(child.image.parent_pid, static_cast<uint32_t>(root_));
  EXPECT_EQ(child.image.executable, model_.images.at(1).image.executable);
  EXPECT_THAT(child.image.present, Contains(::testing::Field(&SeenDescriptor::fd, 50)));
  EXPECT_THAT(OpenedIds(child), ElementsAre(2));
  EXPECT_EQ(child.end, ProcessEnd::kExited);
  EXPECT_THAT(child.untraced, IsEmpty());
  EXPECT_THAT(served.notes, IsEmpty());
}

TEST_F(SessionChildrenTest, LeavesTheVforkEventsThemselvesOut) {
  ServeClient([](TracedClient& client) {
    Wait(VforkChild(client, [] { return 0; }));
    client.Write(VforkEndEvent());
    return 0;
  });
  for (const auto& [serial, followed] : model_.images) EXPECT_THAT(followed.events, IsEmpty()) << serial;
}

TEST_F(SessionChildrenTest, GivesTheParentWhatItsChildDefined) {
  ServeClient([](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      Event function = EventNow();
      function.mutable_function()->set_number(7);
      client.Write(function);
      return 0;
    });
    Wait(child);
    client.Write(VforkEndEvent());
    return 0;
  });
  ASSERT_THAT(model_.images.at(1).events, SizeIs(1));
  EXPECT_EQ(model_.images.at(1).events[0].second.function().number(), 7u);
}

TEST_F(SessionChildrenTest, ContinuesAVforkChildThroughItsExec) {
  const Served served = ServeClient([this](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(1, 50));
      client.Write(ExecutingEvent("/not/here"));
      client.Write(ExecFailedEvent());
      client.Write(ExecutingEvent("/bin/program"));
      return RunTraced(2);
    });
    const int status = Wait(child);
    client.Write(VforkEndEvent());
    client.Write(OpenedEvent(3, 51));
    return status;
  });

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  EXPECT_THAT(OpenedIds(1), ElementsAre(3));
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_THAT(OpenedIds(*Children()[0]), ElementsAre(1));
  EXPECT_THAT(Children()[0]->events, SizeIs(4));
  EXPECT_EQ(Children()[0]->image.pid, Children()[1]->image.pid);
  EXPECT_EQ(Children()[1]->image.forked_from, 0u);
  EXPECT_THAT(OpenedIds(*Children()[1]), ElementsAre(2));
  EXPECT_EQ(Children()[1]->end, ProcessEnd::kExited);
  for (const auto* child : Children()) EXPECT_THAT(child->untraced, IsEmpty());
}

TEST_F(SessionChildrenTest, TellsAChildOfAVforkChildFromBoth) {
  ServeClient([](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(1, 50));
      Wait(VforkChild(client, [&] {
        client.Write(OpenedEvent(2, 51));
        return 0;
      }));
      client.Write(VforkEndEvent());
      client.Write(OpenedEvent(3, 52));
      return 0;
    });
    Wait(child);
    client.Write(VforkEndEvent());
    client.Write(OpenedEvent(4, 53));
    return 0;
  });

  EXPECT_THAT(OpenedIds(1), ElementsAre(4));
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_THAT(OpenedIds(*Children()[0]), ElementsAre(1, 3));
  EXPECT_THAT(OpenedIds(*Children()[1]), ElementsAre(2));
}

TEST_F(SessionChildrenTest, KeepsWhatAKilledVforkChildHadWritten) {
  ServeClient([](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(1, 50));
      client.RingBell();
      usleep(20'000);
      client.Write(OpenedEvent(2, 51));
      raise(SIGKILL);
      return 0;
    });
    Wait(child);
    client.Write(OpenedEvent(3, 52));  // its VforkEnd was lost
    usleep(20'000);
    client.Write(OpenedEvent(4, 53));
    return 0;
  });

  ASSERT_THAT(Children(), SizeIs(1));
  EXPECT_THAT(OpenedIds(*Children()[0]), ::testing::IsSupersetOf({1, 2}));
  EXPECT_EQ(Children()[0]->end, ProcessEnd::kVanished);
  EXPECT_THAT(OpenedIds(1), Contains(4));
}

TEST_F(SessionChildrenTest, DropsTheEventsOfAChildThatIsNotThere) {
  ServeClient([](TracedClient& client) {
    client.Write(VforkChildEvent(1));  // as one in another pid namespace sees itself
    client.Write(OpenedEvent(1, 50));
    client.Write(VforkEndEvent());
    client.Write(OpenedEvent(2, 51));
    client.Write(SpawnedEvent(1));
    return 0;
  });
  EXPECT_THAT(model_.images, SizeIs(1));
  EXPECT_THAT(OpenedIds(1), ElementsAre(2));
}

TEST_F(SessionChildrenTest, ContinuesAVforkChildThatOutlivesItsParent) {
  const Served served = ServeClient([this](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(1, 50));
      client.Write(ExecutingEvent("/bin/daemon"));
      const pid_t parent = getppid();
      kill(parent, SIGKILL);
      while (getppid() == parent) usleep(1'000);
      usleep(50'000);
      return RunTraced(2);
    });
    Wait(child);
    return 0;
  });

  EXPECT_TRUE(WIFSIGNALED(served.wait_status));
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
  EXPECT_THAT(OpenedIds(*Children()[0]), ElementsAre(1));
  EXPECT_THAT(OpenedIds(*Children()[1]), ElementsAre(2));
}

TEST_F(SessionChildrenTest, KnowsASpawnedChildBeforeItsHello) {
  const Served served = ServeClient([this](TracedClient& client) {
    int go[2];
    if (pipe(go) != 0) return 1;
    client.Write(ExecutingEvent("/bin/program", /*spawns=*/true));
    const pid_t child = Fork([&] {
      char byte;
      return read(go[0], &byte, 1) == 1 ? RunTraced(2) : 1;
    });
    client.Write(SpawnedEvent(child));
    client.RingBell();
    usleep(20'000);
    if (write(go[1], "", 1) != 1) return 1;
    return Wait(child);
  });

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
  EXPECT_EQ(Children()[1]->image.forked_from, 0u);
  EXPECT_THAT(OpenedIds(*Children()[1]), ElementsAre(2));
  EXPECT_THAT(Children()[0]->untraced, IsEmpty());
}

TEST_F(SessionChildrenTest, KnowsASpawnedChildThatIsFasterThanItsParentToldOf) {
  const Served served = ServeClient([this](TracedClient& client) {
    client.Write(OpenedEvent(1, 50));
    client.Write(ExecutingEvent("/bin/program", /*spawns=*/true));
    const pid_t child = Fork([&] { return RunTraced(2); });
    const int status = Wait(child);  // it has ended, and was buried, perhaps
    usleep(20'000);
    client.Write(SpawnedEvent(child));
    client.Write(OpenedEvent(3, 51));
    return status;
  });

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
  EXPECT_THAT(Children()[0]->image.present, Contains(::testing::Field(&SeenDescriptor::fd, 50)));
  EXPECT_EQ(Children()[1]->image.forked_from, 0u);
  EXPECT_EQ(Children()[1]->image.pid, Children()[0]->image.pid);
  EXPECT_THAT(OpenedIds(1), ElementsAre(1, 3));
}

TEST_F(SessionChildrenTest, KnowsTheChildOfACallThatWaitsForItAndDoesNotNameIt) {
  ServeClient([this](TracedClient& client) {
    client.Write(ExecutingEvent("", /*spawns=*/true));  // system
    const int status = Wait(Fork([&] { return RunTraced(1); }));
    client.Write(SpawnedEvent(0));
    return status;
  });
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
}

TEST_F(SessionChildrenTest, KnowsTheChildOfACallThatDoesNotNameItAndReturnsFirst) {
  ServeClient([this](TracedClient& client) {
    client.Write(ExecutingEvent("", /*spawns=*/true));  // popen
    client.Write(SpawnedEvent(0));
    return Wait(Fork([&] { return RunTraced(1); }));
  });
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
}

TEST_F(SessionChildrenTest, TellsTheChildrenOfThreadsThatSpawnAtOnceApart) {
  const Served served = ServeClient([this](TracedClient& client) {
    client.Write(ExecutingEvent("/bin/one", /*spawns=*/true), 0);
    client.Write(ExecutingEvent("/bin/other", /*spawns=*/true), 1);
    const pid_t one = Fork([&] { return RunTraced(1); });
    const int one_status = Wait(one);
    const pid_t other = Fork([&] { return RunTraced(2); });
    const int other_status = Wait(other);
    client.Write(SpawnedEvent(other), 0);
    client.Write(SpawnedEvent(one), 1);
    return one_status + other_status;
  });

  EXPECT_EQ(served.wait_status, 0);
  ASSERT_THAT(Children(), SizeIs(4));
  for (const size_t i : {0, 2}) {
    EXPECT_EQ(Children()[i]->image.forked_from, 1u);
    EXPECT_EQ(Children()[i]->image.pid, Children()[i + 1]->image.pid);
  }
}

// Events of a handler that interrupted our own work are published when that goes on.
TEST_F(SessionChildrenTest, MakesNoSecondProcessOfAVforkChildThatItHearsOfOnceItHasEnded) {
  ServeClient([this](TracedClient& client) {
    Event begin = VforkChildEvent(0);
    const pid_t child = Fork([&] { return RunTraced(1); });
    const int status = Wait(child);
    begin.mutable_vfork_child()->set_pid(static_cast<uint32_t>(child));
    client.Write(begin);
    client.Write(ExecutingEvent("/bin/program"));
    client.Write(VforkEndEvent());
    return status;
  });
  ASSERT_THAT(Children(), SizeIs(1));
  EXPECT_THAT(OpenedIds(*Children()[0]), ElementsAre(1));
  EXPECT_THAT(Children()[0]->untraced, IsEmpty());
}

TEST_F(SessionChildrenTest, MakesNoSecondProcessOfASpawnedChildThatItHearsOfOnceItHasEnded) {
  ServeClient([this](TracedClient& client) {
    const Event begin = ExecutingEvent("/bin/program", /*spawns=*/true);
    const pid_t child = Fork([&] { return RunTraced(1); });
    const int status = Wait(child);
    client.Write(begin);
    client.Write(SpawnedEvent(child));
    return status;
  });
  ASSERT_THAT(Children(), SizeIs(1));
  EXPECT_THAT(Children()[0]->untraced, IsEmpty());
}

TEST_F(SessionChildrenTest, ForksAVforkChildsChildFromIt) {
  ServeClient([this](TracedClient& client) {
    const pid_t child = VforkChild(client, [&] {
      client.Write(OpenedEvent(1, 50));
      return Wait(Fork([&] {
        TracedClient forked;
        return forked.SayHello(variable_, HelloKind::kForked, client.serial()) ? 0 : 1;
      }));
    });
    Wait(child);
    client.Write(VforkEndEvent());
    return 0;
  });
  ASSERT_THAT(Children(), SizeIs(2));
  EXPECT_EQ(Children()[0]->image.forked_from, 1u);
  EXPECT_EQ(Children()[1]->image.forked_from, Children()[0]->image.serial);
  EXPECT_EQ(Children()[1]->image.parent_pid, Children()[0]->image.pid);
}

TEST_F(SessionChildrenTest, GoesThroughManyShortVforkChildren) {
  constexpr int kChildren = 200;
  const Served served = ServeClient([this](TracedClient& client) {
    for (int i = 0; i < kChildren; ++i) {
      const pid_t child = VforkChild(client, [&] {
        client.Write(ExecutingEvent("/bin/program"));
        return RunTraced(1);
      });
      const int status = Wait(child);
      client.Write(VforkEndEvent());
      if (status != 0) return 1;
    }
    return 0;
  });
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, kChildren + 1u);
  ASSERT_THAT(Children(), SizeIs(2 * kChildren));
  for (size_t i = 0; i < Children().size(); i += 2) {
    EXPECT_EQ(Children()[i]->image.forked_from, 1u);
    EXPECT_EQ(Children()[i + 1]->end, ProcessEnd::kExited);
  }
  EXPECT_THAT(model_.images.at(1).untraced, IsEmpty());
}

}  // namespace
}  // namespace fdtrace
