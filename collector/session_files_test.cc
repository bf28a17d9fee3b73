#include "collector/session_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "collector/files_testing.h"
#include "collector/session_fixture.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kMib = 1 << 20;

// Of a file that lost its last name.
Event UnlinkedEvent(int fd) {
  struct stat status = {};
  EXPECT_EQ(fstat(fd, &status), 0);
  Event event = EventNow();
  event.mutable_unlinked()->mutable_file()->set_device(status.st_dev);
  event.mutable_unlinked()->mutable_file()->set_inode(status.st_ino);
  return event;
}

class SessionFilesTest : public SessionFixture {
 protected:
  // What a process holds when it announces its exit, after BODY with its side of the protocol.
  template <typename Body>
  std::vector<SeenFile> HeldAtExit(Body body) {
    const pid_t pid = Fork([&] {
      TracedClient client;
      if (!client.SayHello(variable_)) return 1;
      body(client);
      client.AnnounceExit();
      return 0;
    });
    EXPECT_EQ(Serve(pid).wait_status, 0);
    EXPECT_EQ(model_.held.count(1), 1u);
    return model_.held[1];
  }

  const TestDirectory directory_;
};

TEST_F(SessionFilesTest, TellsOfWhatAnExitingProcessHoldsWithItsLastSizes) {
  const std::vector<SeenFile> held = HeldAtExit([&](TracedClient&) {
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    dup(fd);
    EXPECT_EQ(ftruncate(fd, 3 * kMib), 0);
    MakeFile(directory_ / "named");
  });
  ASSERT_THAT(held, SizeIs(2));
  for (const SeenFile& one : held) {
    EXPECT_EQ(one.path, directory_ / "gone");
    EXPECT_EQ(one.file.apparent_bytes, 3 * kMib);
    EXPECT_GE(one.file.bytes, kMib);
    EXPECT_LT(one.file.bytes, 3 * kMib) << "the rest is a hole";
  }
  EXPECT_NE(held[0].fd, held[1].fd);
}

TEST_F(SessionFilesTest, AMappingIsLookedForWhereALastNameWasRemovedWhileTheProgramRan) {
  const std::vector<SeenFile> held = HeldAtExit([&](TracedClient& client) {
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    MapFile(fd, kMib);
    client.Write(UnlinkedEvent(fd));
    close(fd);
  });
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_EQ(held[0].fd, -1);
  EXPECT_EQ(held[0].path, directory_ / "gone");
  ASSERT_THAT(model_.filesystems, SizeIs(1));
  EXPECT_EQ(model_.filesystems[0].device, held[0].file.device);
}

TEST_F(SessionFilesTest, AMappingIsLookedForWhereTheProcessHeldAFileThatNeverHadAName) {
  const std::vector<SeenFile> held = HeldAtExit([&](TracedClient& client) {
    const int fd = memfd_create("scratch", MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, 4096), 0);
    MapFile(fd, 4096);
    Event opened = OpenedEvent(7, fd);
    opened.mutable_opened()->mutable_file()->set_inode(1);
    client.Write(opened);
    close(fd);
  });
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_EQ(held[0].path, "/memfd:scratch");
}

TEST_F(SessionFilesTest, AMappingIsLookedForWhereAnotherProcessRemovedTheLastNameOfWhatItHadOpenForWriting) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    const Event unlinked = UnlinkedEvent(fd);
    Event opened = OpenedEvent(7, fd);
    *opened.mutable_opened()->mutable_file() = unlinked.unlinked().file();
    opened.mutable_opened()->mutable_file()->set_links(1);
    client.Write(opened);
    MapFile(fd, kMib);
    close(fd);
    const pid_t child = Fork([&] {
      TracedClient remover;
      if (!remover.SayHello(variable_)) return 1;
      remover.Write(unlinked);
      remover.AnnounceExit();
      return 0;
    });
    int status = 1;
    waitpid(child, &status, 0);
    client.AnnounceExit();
    return status;
  });
  EXPECT_EQ(Serve(pid).wait_status, 0);
  ASSERT_THAT(model_.held[1], SizeIs(1));
  EXPECT_EQ(model_.held[1][0].fd, -1);
}

TEST_F(SessionFilesTest, AFileWhoseLastWriterToldNoSizeIsLookedAtByItsNameAndOnlyThatVeryFile) {
  std::vector<WrittenFile> files;
  for (const char* name : {"there", "other"}) {
    const int fd = MakeFile(directory_ / name, 5000);
    struct stat status = {};
    EXPECT_EQ(fstat(fd, &status), 0);
    files.push_back({.device = status.st_dev, .inode = status.st_ino, .path = directory_ / name});
    close(fd);
  }
  EXPECT_EQ(rename((directory_ / "there").c_str(), (directory_ / "moved").c_str()), 0);
  EXPECT_EQ(rename((directory_ / "other").c_str(), (directory_ / "there").c_str()), 0);
  files[1].path = directory_ / "there";
  model_.unsettled = files;
  const pid_t pid = Fork([&] { return TracedClient().SayHello(variable_) ? 0 : 1; });
  EXPECT_EQ(Serve(pid).wait_status, 0);
  ASSERT_THAT(model_.written, SizeIs(1));
  EXPECT_EQ(model_.written[0].first.inode, files[1].inode);
  EXPECT_EQ(model_.written[0].second.apparent_bytes, 5000u);
}

TEST_F(SessionFilesTest, AForkedChildIsLookedAtForTheMappingsThatItWasBornWith) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    MapFile(fd, kMib);
    client.Write(UnlinkedEvent(fd));
    close(fd);
    const uint32_t parent = client.serial();
    const pid_t child = Fork([&] {
      TracedClient own;
      if (!own.SayHello(variable_, HelloKind::kForked, parent)) return 1;
      own.AnnounceExit();
      return 0;
    });
    int status = 1;
    waitpid(child, &status, 0);
    client.AnnounceExit();
    return status;
  });
  EXPECT_EQ(Serve(pid).wait_status, 0);
  EXPECT_THAT(model_.held[1], SizeIs(1));
  EXPECT_THAT(model_.held[2], SizeIs(1));
}

TEST_F(SessionFilesTest, OfAKilledProcessTheLastLookStands) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int held = MakeUnlinkedFile(directory_ / "held", kMib),
              mapped = MakeUnlinkedFile(directory_ / "mapped", kMib);
    MapFile(mapped, kMib);
    client.Write(UnlinkedEvent(mapped));
    close(mapped);
    sleep(1);
    EXPECT_EQ(ftruncate(held, 5 * kMib), 0);  // no event tells of it
    usleep(2'200'000);
    return raise(SIGKILL);
  });
  const Served served = Serve(pid);
  EXPECT_EQ(WTERMSIG(served.wait_status), SIGKILL);
  const std::vector<SeenFile>& held = model_.held[1];
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(held[0].path, directory_ / "held");
  EXPECT_EQ(held[0].file.apparent_bytes, 5 * kMib);
  EXPECT_EQ(held[1].fd, -1);
  EXPECT_EQ(held[1].path, directory_ / "mapped");
}

TEST_F(SessionFilesTest, AFailureForWantOfSpaceIsFollowedByALookAtAllFilesThatTheProcessHasOpen) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int named = MakeFile(directory_ / "named", kMib);
    MakeUnlinkedFile(directory_ / "gone", kMib);
    struct stat status = {};
    if (fstat(named, &status) != 0) return 1;
    Event event = EventNow();
    event.mutable_failed()->set_error(ENOSPC);
    event.mutable_failed()->mutable_filesystem()->set_device(status.st_dev);
    client.Write(event);
    client.RingBell();
    sleep(2);
    return raise(SIGKILL);
  });
  Serve(pid);
  struct stat named = {};
  ASSERT_EQ(stat((directory_ / "named").c_str(), &named), 0);
  std::erase_if(model_.written, [&](const auto& one) { return one.second.inode != named.st_ino; });  // its stdin, say
  ASSERT_THAT(model_.written, SizeIs(1));
  EXPECT_EQ(model_.written[0].second.apparent_bytes, kMib);
  ASSERT_THAT(model_.held[1], SizeIs(1));
  EXPECT_EQ(model_.held[1][0].path, directory_ / "gone");
  ASSERT_THAT(model_.filesystems, SizeIs(1));
  EXPECT_EQ(model_.filesystems[0].device, model_.written[0].second.device);
  EXPECT_GT(model_.limits[1].files, 0u);
  EXPECT_GT(model_.limits[1].inotify_watches, 0u);
}

TEST_F(SessionFilesTest, AProcessThatHoldsNothingAndDoesNothingIsLeftAlone) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    sleep(4);
    return 0;
  });
  Serve(pid);
  EXPECT_LE(model_.times_held_told[1], 1u) << "once after it started";
}

TEST_F(SessionFilesTest, AFileThatIsClosedIsHeldNoMore) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    client.Write(UnlinkedEvent(fd));
    sleep(2);
    close(fd);
    sleep(2);
    return raise(SIGKILL);
  });
  Serve(pid);
  EXPECT_GE(model_.times_held_told[1], 2u);
  EXPECT_THAT(model_.held[1], IsEmpty());
  EXPECT_THAT(model_.filesystems, SizeIs(1)) << "it was seen before";
}

TEST_F(SessionFilesTest, AProgramThatCannotBeFollowedIsLookedAtAsWell) {
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = MakeUnlinkedFile(directory_ / "gone", kMib);
    fcntl(fd, F_SETFD, 0);
    client.Write(ExecutingEvent("/bin/sleep"));
    return execl("/bin/sleep", "sleep", "2", nullptr);
  });
  // A look that happened to fall before its exec does not count: one must follow what was told of its descriptors.
  model_.when_untraced = [&] { model_.held[1].clear(); };
  Serve(pid);
  ASSERT_THAT(model_.images.at(1).untraced, SizeIs(1));
  ASSERT_THAT(model_.held[1], SizeIs(1));
  EXPECT_EQ(model_.held[1][0].path, directory_ / "gone");
}

TEST_F(SessionFilesTest, TellsOfWhatIsStillHeldWhenRecordingEnds) {
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t pid = Fork([&] {
    TracedClient client;
    if (!client.SayHello(variable_)) return 1;
    const int fd = MakeUnlinkedFile(directory_ / "mapped", kMib);
    MapFile(fd, kMib);
    close(fd);
    if (write(told[1], "", 1) != 1) return 1;
    sleep(20);
    return 0;
  });
  std::thread stopper([&] {
    char byte;
    EXPECT_EQ(read(told[0], &byte, 1), 1);
    session_->Stop();
  });
  EXPECT_TRUE(Serve(pid).stopped);
  stopper.join();
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  ASSERT_THAT(model_.held[1], SizeIs(1));
  EXPECT_EQ(model_.held[1][0].path, directory_ / "mapped");
  for (const int one : told) close(one);
}

TEST_F(SessionFilesTest, TellsWhichOfTheFilesMadeAreStillThere) {
  const int kept = MakeFile(directory_ / "kept", 5000), gone = MakeFile(directory_ / "gone");
  for (const auto& [fd, name] : {std::pair(kept, "kept"), std::pair(gone, "gone")}) {
    struct stat status = {};
    ASSERT_EQ(fstat(fd, &status), 0);
    model_.created.push_back({.device = status.st_dev, .inode = status.st_ino, .path = directory_ / name});
    close(fd);
  }
  unlink((directory_ / "gone").c_str());
  const Served served = Serve(Fork([] { return 0; }));
  ASSERT_THAT(model_.left, SizeIs(1));
  EXPECT_EQ(model_.left[0].first.path, directory_ / "kept");
  EXPECT_EQ(model_.left[0].second.apparent_bytes, 5000u);
  ASSERT_THAT(model_.filesystems, SizeIs(1));
  EXPECT_EQ(model_.filesystems[0].device, model_.created[0].device);
  EXPECT_THAT(served.notes, IsEmpty());
}

}  // namespace
}  // namespace fdtrace
