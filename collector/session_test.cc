#include "collector/session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>

#include <thread>

#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using SessionTest = SessionFixture;

TEST_F(SessionTest, FollowsAProcessFromItsHelloToItsAnnouncedExit) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = open("/etc/passwd", O_RDONLY);
    client.Write(OpenedEvent(7, fd, "/etc/passwd"));
    client.AnnounceExit();
    return 42;
  });
  const Served served = Serve(pid);

  EXPECT_TRUE(served.root_ended);
  ASSERT_TRUE(WIFEXITED(served.wait_status));
  EXPECT_EQ(WEXITSTATUS(served.wait_status), 42);
  EXPECT_EQ(served.images, 1u);
  EXPECT_EQ(served.outlived, 0u);
  EXPECT_THAT(served.notes, IsEmpty());
  ASSERT_THAT(model_.images, SizeIs(1));
  const auto& followed = model_.images.at(1);
  EXPECT_EQ(followed.image.pid, static_cast<uint32_t>(pid));
  EXPECT_EQ(followed.image.parent_pid, static_cast<uint32_t>(getpid()));
  EXPECT_THAT(followed.image.executable, HasSubstr("session_test"));
  EXPECT_THAT(followed.image.command_line, ::testing::Not(IsEmpty()));
  EXPECT_EQ(followed.image.nofile_hard, session_->original_nofile().rlim_max);
  EXPECT_THAT(OpenedIds(1), ElementsAre(7));
  ASSERT_THAT(followed.compared, SizeIs(1));
  const int opened = followed.events[0].second.opened().fd();
  ASSERT_NE(followed.Seen(opened), nullptr);
  EXPECT_EQ(followed.Seen(opened)->link, "/etc/passwd");
  EXPECT_EQ(followed.Seen(opened)->resource, FILE);
  EXPECT_TRUE(followed.ended);
  EXPECT_EQ(followed.end, ProcessEnd::kExited);
}

TEST_F(SessionTest, LeavesTheConnectionOfTheHelloOutOfWhatIsPresent) {
  int socket_fd = -1;
  const int known = open("/dev/null", O_RDONLY);
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t pid = Fork([&] {
    const int fd = dup(0);  // the number that the connection will have
    close(fd);
    if (write(told[1], &fd, sizeof fd) != sizeof fd) return 1;
    TracedClient client;
    return client.SayHello(variable_) ? 0 : 1;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  ASSERT_EQ(read(told[0], &socket_fd, sizeof socket_fd), static_cast<ssize_t>(sizeof socket_fd));
  std::vector<int> present;
  for (const SeenDescriptor& seen : model_.images.at(1).image.present) present.push_back(seen.fd);
  EXPECT_THAT(present, Contains(known));
  EXPECT_THAT(present, ::testing::Not(Contains(socket_fd)));
  for (const int fd : {known, told[0], told[1]}) close(fd);
}

TEST_F(SessionTest, ReadsManyTimesARingsWorthInOrder) {
  constexpr uint64_t kEvents = 20000;  // of about 100 bytes: 15 times round the ring
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    for (uint64_t id = 1; id <= kEvents; ++id) client.Write(OpenedEvent(id, 100, std::string(80 + id % 17, 'x')));
    client.AnnounceExit();
    return 0;
  });
  Serve(pid);

  const std::vector<uint64_t> ids = OpenedIds(1);
  ASSERT_EQ(ids.size(), kEvents);
  for (uint64_t i = 0; i < kEvents; ++i) ASSERT_EQ(ids[i], i + 1);
  EXPECT_EQ(model_.images.at(1).lost, 0u);
  EXPECT_EQ(model_.images.at(1).events.back().second.opened().path(), std::string(80 + kEvents % 17, 'x'));
}

TEST_F(SessionTest, KeepsWhatAKilledProcessHadPublished) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    for (uint64_t id = 1; id <= 100; ++id) client.Write(OpenedEvent(id, 50));
    raise(SIGKILL);
    return 0;
  });
  const Served served = Serve(pid);

  ASSERT_TRUE(WIFSIGNALED(served.wait_status));
  EXPECT_EQ(WTERMSIG(served.wait_status), SIGKILL);
  EXPECT_THAT(OpenedIds(1), SizeIs(100));
  EXPECT_EQ(model_.images.at(1).end, ProcessEnd::kVanished);
  EXPECT_THAT(model_.images.at(1).compared, IsEmpty());
}

TEST_F(SessionTest, MeasuresTimesFromItsStartAndNeverBeyondNow) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    Event event = OpenedEvent(1, 50);
    event.set_at_ns(1);
    client.Write(event);
    event.set_at_ns(UINT64_MAX);
    client.Write(event);
    return 0;
  });
  const Served served = Serve(pid);

  const auto& events = model_.images.at(1).events;
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].second.at_ns(), 0u);
  EXPECT_GT(events[1].second.at_ns(), 0u);
  EXPECT_LE(events[1].second.at_ns(), served.duration_ns);
}

TEST_F(SessionTest, NumbersTheRingsOfSeveralArenasApart) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_) || !client.SayHello(variable_, HelloKind::kMoreRings, client.serial())) return 1;
    for (uint32_t ring = 0; ring < kRingsPerArena; ++ring) client.Write(OpenedEvent(ring + 1, 50), ring);
    client.Write(OpenedEvent(100, 51), 0, 1);
    client.Write(OpenedEvent(101, 52), 1, 1);
    client.arena(1).rings[1].lost.store(5);
    client.arena(1).header.lost.store(6);
    client.arena(0).header.stackless.store(3);
    client.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 1u);
  std::map<uint64_t, uint32_t> rings;
  for (const auto& [ring, event] : model_.images.at(1).events) rings[event.opened().id()] = ring;
  ASSERT_THAT(rings, SizeIs(kRingsPerArena + 2));
  EXPECT_EQ(rings[1], 0u);
  EXPECT_EQ(rings[kRingsPerArena], kRingsPerArena - 1);
  EXPECT_EQ(rings[100], kRingsPerArena);
  EXPECT_EQ(rings[101], kRingsPerArena + 1);
  EXPECT_EQ(model_.images.at(1).lost, 11u);
  EXPECT_EQ(model_.images.at(1).stackless, 3u);
}

TEST_F(SessionTest, RefusesRingsAskedForInAnothersName) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    return client.SayHello(variable_, HelloKind::kMoreRings, client.serial() + 1) ? 1 : 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(served.notes, Contains(HasSubstr("more rings")));
}

TEST_F(SessionTest, TellsAForkedChildFromItsParent) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = open("/etc/passwd", O_RDONLY);
    client.Write(OpenedEvent(1, fd));
    const pid_t child = Fork([&] {
      TracedClient forked;
      if (!forked.SayHello(variable_, HelloKind::kForked, client.serial())) return 1;
      forked.Write(OpenedEvent(2, 99));
      return 0;
    });
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  ASSERT_THAT(model_.images, SizeIs(2));
  const Image& child = model_.images.at(2).image;
  EXPECT_EQ(child.forked_from, 1u);
  EXPECT_EQ(child.parent_pid, static_cast<uint32_t>(pid));
  const int fd = model_.images.at(1).events.at(0).second.opened().fd();
  EXPECT_THAT(child.present, Contains(::testing::Field(&SeenDescriptor::fd, fd)));
  EXPECT_THAT(OpenedIds(2), ElementsAre(2));
  EXPECT_TRUE(model_.images.at(2).ended);
}

TEST_F(SessionTest, ReadsWhatAnImageLeftBeforeItsSuccessorStarts) {
  const pid_t pid = Fork([&] {
    TracedClient before, after;
    if (!before.SayHello(variable_)) return 1;
    before.Write(OpenedEvent(1, 50));
    if (!after.SayHello(variable_)) return 1;  // as after exec
    after.Write(OpenedEvent(2, 51));
    after.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  ASSERT_THAT(model_.images, SizeIs(2));
  EXPECT_EQ(model_.images.at(2).image.forked_from, 0u);
  EXPECT_THAT(OpenedIds(1), ElementsAre(1));
  EXPECT_THAT(OpenedIds(2), ElementsAre(2));
  EXPECT_FALSE(model_.images.at(1).ended);  // the model itself ends it
  EXPECT_EQ(model_.images.at(2).end, ProcessEnd::kExited);
}

TEST_F(SessionTest, LosesADamagedRingAloneAndSaysSo) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    client.Write(OpenedEvent(1, 50), 0);
    client.WriteBytes(std::string("\xff\xff\xff\xff junk"), 1);            // a length beyond all bounds
    client.WriteBytes(std::string("\x64\x00\x00\x00junk", 8), 2);          // a length beyond head
    client.WriteBytes(std::string("\x03\x00\x00\x00\xff\xff\xff", 7), 3);  // no event
    client.Write(OpenedEvent(2, 51), 3);
    client.Write(OpenedEvent(3, 52), 4);
    client.AnnounceExit();
    client.arena().rings[4].head.store(7);  // backwards
    client.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_THAT(OpenedIds(1), ::testing::UnorderedElementsAre(1, 2, 3));
  EXPECT_EQ(model_.images.at(1).lost, 4u);
  EXPECT_THAT(served.notes, Contains(HasSubstr("damaged")));
}

TEST_F(SessionTest, SurvivesAnArenaFullOfRandomBytes) {
  int honest_has_written[2];
  ASSERT_EQ(pipe(honest_has_written), 0);
  const pid_t pid = Fork([&] {
    TracedClient client;
    char byte;
    if (!client.SayHello(variable_) || read(honest_has_written[0], &byte, 1) != 1) return 1;
    unsigned state = 12345;
    auto* const words = reinterpret_cast<uint32_t*>(&client.arena());
    for (size_t i = 2; i < sizeof(Arena) / sizeof(uint32_t); ++i) words[i] = state = state * 1664525 + 1013904223;
    memset(static_cast<void*>(&client.page()), 0xa5, kPageBytes);
    return 0;
  });
  const pid_t honest = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    client.Write(OpenedEvent(1, 50));
    return write(honest_has_written[1], "", 1) == 1 ? 0 : 1;
  });
  const Served served = Serve(pid);
  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 2u);
  for (const auto& [serial, followed] : model_.images) {
    EXPECT_TRUE(followed.ended);
    if (followed.image.pid != static_cast<uint32_t>(honest)) continue;
    EXPECT_THAT(OpenedIds(serial), ElementsAre(1));
  }
  waitpid(honest, nullptr, 0);
  for (const int fd : honest_has_written) close(fd);
}

TEST_F(SessionTest, IsNotHeldUpByThoseWhoDoNotSpeakItsLanguage) {
  const int silent = Connect(variable_);
  const int hung_up = Connect(variable_);
  const int junk = Connect(variable_);
  const int wrong_cookie = Connect(variable_);
  const int wrong_version = Connect(variable_);
  ASSERT_GE(std::min({silent, hung_up, junk, wrong_cookie, wrong_version}), 0);
  close(hung_up);
  send(junk, "x", 1, MSG_NOSIGNAL);
  Hello hello = MakeHello(variable_, HelloKind::kImage, 0, wrong_cookie);
  hello.cookie[5] ^= 1;
  send(wrong_cookie, &hello, sizeof hello, MSG_NOSIGNAL);
  hello = MakeHello(variable_, HelloKind::kImage, 0, wrong_version);
  hello.version += 1;
  send(wrong_version, &hello, sizeof hello, MSG_NOSIGNAL);
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    client.AnnounceExit();
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, 1u);
  EXPECT_THAT(served.notes, Contains(HasSubstr("2 connections were refused")));
  EXPECT_THAT(served.notes, Contains(HasSubstr("another version")));
  for (const int fd : {silent, junk, wrong_cookie, wrong_version}) close(fd);
}

TEST_F(SessionTest, ReportsDescriptorsThatNoEventTold) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int unseen = open("/dev/null", O_RDONLY);
    client.Write(OpenedEvent(1, unseen + 1, "closed unseen"));
    client.AnnounceExit();
    return unseen;
  });
  const Served served = Serve(pid);

  const int unseen = WEXITSTATUS(served.wait_status);
  const auto& followed = model_.images.at(1);
  ASSERT_THAT(followed.compared, SizeIs(1));
  EXPECT_NE(followed.Seen(unseen), nullptr);
  EXPECT_EQ(followed.Seen(unseen + 1), nullptr);
  EXPECT_THAT(followed.open_before_compare, Contains(unseen + 1));
}

TEST_F(SessionTest, WaitsForChildrenThatOutliveTheProgram) {
  const pid_t pid = Fork([&] {
    Fork([&] {
      usleep(100'000);
      TracedClient client;
      if (!client.SayHello(variable_)) return 1;
      usleep(100'000);
      client.Write(OpenedEvent(1, 50));
      client.AnnounceExit();
      return 0;
    });
    TracedClient client;
    client.SayHello(variable_);
    usleep(150'000);
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.outlived, 0u);
  ASSERT_THAT(model_.images, SizeIs(2));
  EXPECT_THAT(OpenedIds(2), ElementsAre(1));
  EXPECT_EQ(model_.images.at(2).end, ProcessEnd::kExited);
}

TEST_F(SessionTest, LeavesThoseWhoStayTooLongAndLooksAtThemOnceMore) {
  int alive[2];
  ASSERT_EQ(pipe(alive), 0);
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const pid_t child = Fork([&] {
      close(alive[1]);
      TracedClient forked;
      if (!forked.SayHello(variable_, HelloKind::kForked, client.serial())) return 1;
      forked.Write(OpenedEvent(1, open("/etc/passwd", O_RDONLY)));
      char byte;
      (void)!read(alive[0], &byte, 1);  // until the test ends
      return 0;
    });
    usleep(100'000);
    return child > 0 ? 0 : 1;
  });
  const Served served = Serve(pid, std::chrono::milliseconds(50));

  EXPECT_EQ(served.outlived, 1u);
  ASSERT_THAT(model_.images, SizeIs(2));
  const auto& child = model_.images.at(2);
  EXPECT_FALSE(child.ended);
  ASSERT_THAT(child.events, SizeIs(1));
  ASSERT_NE(child.Seen(child.events[0].second.opened().fd()), nullptr);
  EXPECT_EQ(child.Seen(child.events[0].second.opened().fd())->link, "/etc/passwd");
  close(alive[0]);
  close(alive[1]);
}

TEST_F(SessionTest, StopsWhenAsked) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    client.SayHello(variable_);
    client.Write(OpenedEvent(1, 50));
    pause();
    return 0;
  });
  std::thread stopper([&] {
    usleep(50'000);
    session_->Stop();
  });
  const Served served = Serve(pid);
  stopper.join();

  EXPECT_TRUE(served.stopped);
  EXPECT_FALSE(served.root_ended);
  EXPECT_EQ(served.outlived, 1u);
  EXPECT_THAT(OpenedIds(1), ElementsAre(1));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST_F(SessionTest, LeavesTheProgramToItsCallerToReap) {
  const pid_t pid = Fork([] { return 3; });
  int status = 0;
  std::thread reaper([&] { waitpid(pid, &status, 0); });
  const Served served = session_->Serve({.root_pid = pid, .reap_root = false});
  reaper.join();

  EXPECT_TRUE(served.root_ended);
  EXPECT_EQ(served.images, 0u);
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST_F(SessionTest, TellsProcessesThatTheCollectorLivesWhileItServes) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    Fork([&] {  // outlives the session, untraced itself
      close(told[0]);
      for (int i = 0; i < 1000 && CollectorLives(client.page()); ++i) usleep(1'000);
      const char lives = CollectorLives(client.page()) ? 1 : 0;
      return write(told[1], &lives, 1) == 1 ? 0 : 1;
    });
    return CollectorLives(client.page()) ? 0 : 1;
  });
  const Served served = Serve(pid, std::chrono::milliseconds(1));

  EXPECT_EQ(served.wait_status, 0);
  char lives = 2;
  ASSERT_EQ(read(told[0], &lives, 1), 1);
  EXPECT_EQ(lives, 0);
  close(told[0]);
  close(told[1]);
}

TEST_F(SessionTest, TellsProcessesWhenTheCollectorIsKilled) {
  int welcomed[2];
  ASSERT_EQ(pipe(welcomed), 0);
  int result[2];
  ASSERT_EQ(pipe(result), 0);
  const pid_t collector = Fork([&] {
    RememberingModel model;
    auto session = Session::Open(model).value();
    const pid_t client_pid = Fork([&] {
      TracedClient client;
      char lives = client.SayHello(session->variable()) && CollectorLives(client.page()) ? 1 : 0;
      if (write(welcomed[1], &lives, 1) != 1) return 1;
      for (int i = 0; i < 5000 && CollectorLives(client.page()); ++i) usleep(1'000);
      lives = CollectorLives(client.page()) ? 1 : 0;
      return write(result[1], &lives, 1) == 1 ? 0 : 1;
    });
    session->Serve({.root_pid = client_pid});
    return 0;
  });
  char lives = 0;
  ASSERT_EQ(read(welcomed[0], &lives, 1), 1);
  EXPECT_EQ(lives, 1);
  kill(collector, SIGKILL);
  waitpid(collector, nullptr, 0);
  ASSERT_EQ(read(result[0], &lives, 1), 1);
  EXPECT_EQ(lives, 0);
  for (const int fd : {welcomed[0], welcomed[1], result[0], result[1]}) close(fd);
}

TEST_F(SessionTest, GoesThroughManyShortLives) {
  constexpr int kProcesses = 300;
  const pid_t pid = Fork([&] {
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = Fork([&] {
        TracedClient client;
        if (!client.SayHello(variable_)) return 1;
        client.Write(OpenedEvent(1, 50));
        client.AnnounceExit();
        return 0;
      });
      int status = 0;
      waitpid(child, &status, 0);
      if (status != 0) return 1;
    }
    return 0;
  });
  const Served served = Serve(pid);

  EXPECT_EQ(served.wait_status, 0);
  EXPECT_EQ(served.images, static_cast<uint32_t>(kProcesses));
  for (const auto& [serial, followed] : model_.images) {
    EXPECT_EQ(followed.end, ProcessEnd::kExited) << serial;
    EXPECT_THAT(followed.events, SizeIs(1)) << serial;
  }
}

}  // namespace
}  // namespace fdtrace
