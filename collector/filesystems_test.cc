#include "collector/filesystems.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <functional>
#include <string>

#include "collector/files_testing.h"
#include "collector/session_testing.h"

namespace fdtrace {
namespace {

// The file that descriptor FD of this process holds without a name.
HeldFile Held(int fd) {
  const auto held = HeldByDescriptors(*ProcessDirectory::Open(getpid()));
  for (const HeldFile& one : held.value()) {
    if (one.seen.fd == fd) return one;
  }
  ADD_FAILURE() << "descriptor " << fd << " holds no file without a name";
  return {};
}

MountedOn Meet(const HeldFile& file) {
  RememberingModel model;
  Filesystems filesystems(model);
  filesystems.Meet(*ProcessDirectory::Open(getpid()), file);
  filesystems.Meet(*ProcessDirectory::Open(getpid()), file);
  EXPECT_EQ(model.filesystems.size(), 1u);
  return model.filesystems.front();
}

// Runs BODY in a child that may mount what it likes; false: this process may not make one.
bool MayMount() {
  return getuid() == 0 && [] {
    const pid_t pid = Fork([] { return unshare(CLONE_NEWNS); });
    int status = 1;
    return waitpid(pid, &status, 0) == pid && status == 0;
  }();
}

void RunWithMountsOfItsOwn(const std::function<void()>& body) {
  const pid_t pid = Fork([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
    alarm(20);
    body();
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST(FilesystemsTest, TellsOfEachOnceAndWhatIsMountedThere) {
  const TestDirectory directory;
  const int fd = MakeUnlinkedFile(directory / "gone");
  struct stat root = {}, own = {};
  ASSERT_EQ(fstat(fd, &own), 0);
  ASSERT_EQ(stat("/", &root), 0);
  const MountedOn mounted = Meet(Held(fd));
  EXPECT_EQ(mounted.device, own.st_dev);
  EXPECT_NE(mounted.type, "");
  if (root.st_dev == own.st_dev) {
    EXPECT_EQ(mounted.mount, "/");
  }
  close(fd);
}

TEST(FilesystemsTest, MemoryFilesAreOnATmpfsThatIsMountedNowhere) {
  const int fd = memfd_create("scratch", MFD_CLOEXEC);
  const MountedOn mounted = Meet(Held(fd));
  EXPECT_EQ(mounted.mount, "");
  EXPECT_EQ(mounted.type, "tmpfs");
  EXPECT_TRUE(mounted.is_memory);
  close(fd);
}

TEST(FilesystemsTest, AFileSystemThatWasLazilyUnmountedHasItsTypeAndItsFilesAreHeld) {
  if (!MayMount()) GTEST_SKIP() << "only root can mount";
  const TestDirectory directory;
  RunWithMountsOfItsOwn([&] {
    ASSERT_EQ(mount("none", directory.path().c_str(), "tmpfs", 0, nullptr), 0);
    const int before = MakeUnlinkedFile(directory / "before", 8192);
    const int later = MakeFile(directory / "later", 4096);
    EXPECT_EQ(Meet(Held(before)).mount, directory.path());
    ASSERT_EQ(umount2(directory.path().c_str(), MNT_DETACH), 0);
    const HeldFile held = Held(before);
    EXPECT_EQ(held.seen.path, "/before");
    EXPECT_EQ(held.seen.file.bytes, 8192u);
    const MountedOn mounted = Meet(held);
    EXPECT_EQ(mounted.mount, "");
    EXPECT_EQ(mounted.type, "tmpfs");
    EXPECT_TRUE(mounted.is_memory);
    close(later);
  });
}

TEST(FilesystemsTest, FindsTheMountOfAFileOnOverlayfs) {
  if (!MayMount()) GTEST_SKIP() << "only root can mount";
  const TestDirectory directory;
  RunWithMountsOfItsOwn([&] {
    ASSERT_EQ(mount("none", directory.path().c_str(), "tmpfs", 0, nullptr), 0);
    for (const char* const name : {"lower", "upper", "work", "merged"}) mkdir((directory / name).c_str(), 0700);
    const std::string options =
        "lowerdir=" + directory / "lower" + ",upperdir=" + directory / "upper" + ",workdir=" + directory / "work";
    if (mount("overlay", (directory / "merged").c_str(), "overlay", 0, options.c_str()) != 0) {
      GTEST_SKIP() << "no overlayfs here";
    }
    const int fd = MakeUnlinkedFile(directory / "merged/gone", 4096);
    struct stat own = {};
    ASSERT_EQ(fstat(fd, &own), 0);
    const HeldFile held = Held(fd);
    EXPECT_EQ(held.seen.file.device, own.st_dev);
    EXPECT_EQ(held.seen.file.inode, own.st_ino);
    EXPECT_EQ(held.seen.path, directory / "merged/gone");
    const MountedOn mounted = Meet(held);
    EXPECT_EQ(mounted.mount, directory / "merged");
    EXPECT_EQ(mounted.type, "overlay");

    void* const address = MapFile(fd, 4096);
    close(fd);
    const auto mapped = HeldByMappings(*ProcessDirectory::Open(getpid()));
    ASSERT_EQ(mapped.size(), 1u);
    EXPECT_EQ(mapped[0].seen.file.device, own.st_dev);
    EXPECT_EQ(mapped[0].seen.file.inode, own.st_ino);
    EXPECT_EQ(mapped[0].seen.file.bytes, held.seen.file.bytes);
    munmap(address, 4096);
  });
}

TEST(FilesystemsTest, FindsWhereAnotherMountNamespaceHasIt) {
  if (!MayMount()) GTEST_SKIP() << "only root can mount";
  const TestDirectory directory;
  int told[2], end[2];
  ASSERT_EQ(pipe(told), 0);
  ASSERT_EQ(pipe(end), 0);
  const pid_t pid = Fork([&] {
    close(end[1]);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 1;
    if (mount("none", directory.path().c_str(), "tmpfs", 0, nullptr) != 0) return 1;
    const int fd = MakeUnlinkedFile(directory / "gone", 4096);
    char byte;
    if (write(told[1], &fd, sizeof fd) != sizeof fd) return 1;
    return static_cast<int>(read(end[0], &byte, 1));
  });
  int fd = -1;
  close(told[1]);
  ASSERT_EQ(read(told[0], &fd, sizeof fd), static_cast<ssize_t>(sizeof fd));
  const auto process = ProcessDirectory::Open(pid);
  const auto held = HeldByDescriptors(*process);
  ASSERT_EQ(held->size(), 1u);
  RememberingModel model;
  Filesystems(model).Meet(*process, held->front());
  EXPECT_EQ(model.filesystems.front().mount, directory.path());
  EXPECT_EQ(model.filesystems.front().type, "tmpfs");
  close(end[1]);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  for (const int one : {told[0], end[0]}) close(one);
}

TEST(FilesystemsTest, TellsOfTheFileSystemOfAPath) {
  RememberingModel model;
  Filesystems filesystems(model);
  struct stat status = {};
  ASSERT_EQ(stat("/proc/self/status", &status), 0);
  filesystems.Meet(status.st_dev, "/proc/self/status");
  ASSERT_EQ(model.filesystems.size(), 1u);
  EXPECT_EQ(model.filesystems[0].type, "proc");
  EXPECT_EQ(model.filesystems[0].mount, "/proc");
}

}  // namespace
}  // namespace fdtrace
