#include "collector/held_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <vector>

#include "collector/descriptions.h"
#include "collector/files_testing.h"
#include "collector/session_testing.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kMib = 1 << 20;

struct stat StatOf(int fd) {
  struct stat status = {};
  EXPECT_EQ(fstat(fd, &status), 0);
  return status;
}

std::vector<SeenFile> SeenIn(const std::vector<HeldFile>& held) {
  std::vector<SeenFile> seen;
  seen.reserve(held.size());
  for (const HeldFile& one : held) seen.push_back(one.seen);
  return seen;
}

std::vector<SeenFile> ByDescriptors() {
  const auto held = HeldByDescriptors(*ProcessDirectory::Open(getpid()));
  EXPECT_TRUE(held.ok()) << held.status();
  return SeenIn(*held);
}

std::vector<SeenFile> ByMappings() { return SeenIn(HeldByMappings(*ProcessDirectory::Open(getpid()))); }

bool MayFollowMappings() {
  const int fd = memfd_create("looked at", MFD_CLOEXEC);
  EXPECT_EQ(ftruncate(fd, 1), 0);
  void* const address = MapFile(fd, 1);
  close(fd);
  const auto held = ByMappings();
  munmap(address, 1);
  return held.size() == 1 && held[0].file.apparent_bytes == 1;
}

// The only one that is held, by a descriptor or a mapping.
SeenFile Only(const std::vector<SeenFile>& held) {
  EXPECT_THAT(held, SizeIs(1));
  return held.empty() ? SeenFile() : held.front();
}

TEST(HeldFilesTest, TellsOfAFileThatWasUnlinkedWhileItIsOpen) {
  const TestDirectory directory;
  const int named = MakeFile(directory / "named", 10);
  const int fd = MakeUnlinkedFile(directory / "gone", kMib + 7);
  const struct stat status = StatOf(fd);

  const SeenFile held = Only(ByDescriptors());
  EXPECT_EQ(held.fd, fd);
  EXPECT_EQ(held.path, directory / "gone");
  EXPECT_EQ(held.file.device, status.st_dev);
  EXPECT_EQ(held.file.inode, status.st_ino);
  EXPECT_EQ(held.file.links, 0u);
  EXPECT_EQ(held.file.apparent_bytes, kMib + 7);
  EXPECT_GE(held.file.bytes, kMib);
  EXPECT_EQ(held.file.bytes, static_cast<uint64_t>(status.st_blocks) * 512);
  close(fd);
  close(named);
}

TEST(HeldFilesTest, ASparseFileHasItsSizeButNoBlocks) {
  const TestDirectory directory;
  const int fd = MakeUnlinkedFile(directory / "sparse");
  ASSERT_EQ(ftruncate(fd, 1 << 30), 0);
  const SeenFile held = Only(ByDescriptors());
  EXPECT_EQ(held.file.bytes, 0u);
  EXPECT_EQ(held.file.apparent_bytes, uint64_t{1} << 30);
  close(fd);
}

TEST(HeldFilesTest, TellsOfEachDescriptorOfOneFile) {
  const TestDirectory directory;
  const int fd = MakeUnlinkedFile(directory / "twice");
  const int other = dup(fd);
  const std::vector<SeenFile> held = ByDescriptors();
  ASSERT_THAT(held, SizeIs(2));
  EXPECT_EQ(std::min(held[0].fd, held[1].fd), std::min(fd, other));
  EXPECT_EQ(std::max(held[0].fd, held[1].fd), std::max(fd, other));
  EXPECT_EQ(held[0].file.inode, held[1].file.inode);
  close(fd);
  close(other);
}

TEST(HeldFilesTest, AFileThatHasASecondNameIsNotHeldWithoutOne) {
  const TestDirectory directory;
  const int fd = MakeFile(directory / "first");
  ASSERT_EQ(link((directory / "first").c_str(), (directory / "second").c_str()), 0);
  ASSERT_EQ(unlink((directory / "first").c_str()), 0);
  EXPECT_THAT(ByDescriptors(), IsEmpty());
  ASSERT_EQ(unlink((directory / "second").c_str()), 0);
  EXPECT_EQ(Only(ByDescriptors()).fd, fd);
  close(fd);
}

TEST(HeldFilesTest, TellsOfFilesThatNeverHadAName) {
  const TestDirectory directory;
  const int memory = memfd_create("scratch", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(memory, 5000), 0);
  const SeenFile held = Only(ByDescriptors());
  EXPECT_EQ(held.fd, memory);
  EXPECT_EQ(held.path, "/memfd:scratch");
  EXPECT_EQ(held.file.apparent_bytes, 5000u);
  close(memory);
  const int fd = open(directory.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) GTEST_SKIP() << "the file system of /tmp has no O_TMPFILE";
  EXPECT_EQ(Only(ByDescriptors()).fd, fd);
  close(fd);
}

TEST(HeldFilesTest, AMappingAloneHoldsAFileOnceHoweverOftenItIsMapped) {
  const TestDirectory directory;
  const int fd = MakeUnlinkedFile(directory / "mapped", kMib);
  const struct stat status = StatOf(fd);
  void* const one = MapFile(fd, kMib);
  void* const other = MapFile(fd, 4096);
  close(fd);
  EXPECT_THAT(ByDescriptors(), IsEmpty());
  const SeenFile held = Only(ByMappings());
  EXPECT_EQ(held.fd, -1);
  EXPECT_EQ(held.path, directory / "mapped");
  EXPECT_EQ(held.file.inode, status.st_ino);
  if (MayFollowMappings()) {
    EXPECT_EQ(held.file.device, status.st_dev);
    EXPECT_EQ(held.file.bytes, static_cast<uint64_t>(status.st_blocks) * 512);
    EXPECT_EQ(held.file.apparent_bytes, kMib);
  }
  munmap(one, kMib);
  munmap(other, 4096);
  EXPECT_THAT(ByMappings(), IsEmpty());
}

TEST(HeldFilesTest, NamesOfAnyBytesComeAsTheyAre) {
  const TestDirectory directory;
  for (const std::string name :
       {"new\nline", "\xff\xfe no UTF-8 \x80", "as\\012written", "both\n\\012", " blank ", "removed (deleted)", "\n"}) {
    SCOPED_TRACE(name);
    const int fd = MakeUnlinkedFile(directory / name, 4096);
    EXPECT_EQ(Only(ByDescriptors()).path, directory / name);
    void* const address = MapFile(fd, 4096);
    close(fd);
    if (name.find('\\') == std::string::npos || MayFollowMappings()) {
      EXPECT_EQ(SeenIn(HeldByMappings(*ProcessDirectory::Open(getpid()))).front().path, directory / name);
    }
    munmap(address, 4096);
  }
}

TEST(HeldFilesTest, AFileWhoseVeryNameEndsInDeletedHasAName) {
  const TestDirectory directory;
  const int fd = MakeFile(directory / "kept (deleted)", 4096);
  void* const address = MapFile(fd, 4096);
  EXPECT_THAT(ByDescriptors(), IsEmpty());
  EXPECT_THAT(ByMappings(), IsEmpty());
  munmap(address, 4096);
  close(fd);
}

TEST(HeldFilesTest, APathTooLongForTheKernelToTellIsEmptyAndItsFileIsHeldAllTheSame) {
  const TestDirectory directory;
  const int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(chdir(directory.path().c_str()), 0);
  const std::string name(200, 'd');
  for (size_t depth = 0; depth * name.size() < size_t{2} * PATH_MAX; ++depth) {
    ASSERT_EQ(mkdir(name.c_str(), 0700), 0);
    ASSERT_EQ(chdir(name.c_str()), 0);
  }
  const int fd = MakeUnlinkedFile("deep", 4096);
  const SeenFile held = Only(ByDescriptors());
  EXPECT_EQ(held.fd, fd);
  EXPECT_EQ(held.path, "");
  EXPECT_EQ(held.file.apparent_bytes, 4096u);
  void* const address = MapFile(fd, 4096);
  const SeenFile mapped = Only(ByMappings());
  EXPECT_EQ(mapped.file.inode, held.file.inode);
  EXPECT_GT(mapped.path.size(), size_t{2} * PATH_MAX);
  munmap(address, 4096);
  close(fd);
  ASSERT_EQ(fchdir(back), 0);
  close(back);
}

TEST(HeldFilesTest, MemoryThatIsNoFileAndWhatFdtraceMapsAreLeftOut) {
  void* const shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const int segment = shmget(IPC_PRIVATE, 4096, 0600);
  void* const attached = shmat(segment, nullptr, 0);
  shmctl(segment, IPC_RMID, nullptr);
  const int own = memfd_create("fdtrace-arena", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(own, 4096), 0);
  void* const arena = MapFile(own, 4096);
  close(own);
  EXPECT_THAT(ByMappings(), IsEmpty());
  munmap(shared, 4096);
  munmap(arena, 4096);
  shmdt(attached);
}

TEST(HeldFilesTest, WhereMappingsMayNotBeFollowedTheirFilesAreToldWithoutSizes) {
  if (getuid() != 0) GTEST_SKIP() << "only root can give up the right to follow mappings";
  const TestDirectory directory;
  const pid_t pid = Fork([&] {
    const int kept = MakeFile(directory / "kept (deleted)", 4096);
    const int gone = MakeUnlinkedFile(directory / "gone", 4096);
    const struct stat status = StatOf(gone);
    MapFile(kept, 4096);
    MapFile(gone, 4096);
    close(kept);
    close(gone);
    if (chmod(directory.path().c_str(), 0755) != 0 || setuid(65534) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0) return 1;
    const SeenFile held = Only(ByMappings());
    EXPECT_EQ(held.path, directory / "gone");
    EXPECT_EQ(held.file.inode, status.st_ino);
    EXPECT_EQ(held.file.bytes, 0u);
    EXPECT_EQ(held.file.apparent_bytes, 0u);
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST(HeldFilesTest, TellsOfDescriptorsThatWereSeenAlreadyAsOfThoseLookedUp) {
  const TestDirectory directory;
  const int named = MakeFile(directory / "named (deleted)");
  const int fd = MakeUnlinkedFile(directory / "gone", 100);
  const int memory = memfd_create("scratch", MFD_CLOEXEC);
  const auto process = ProcessDirectory::Open(getpid());
  const auto seen = SeeDescriptors(*process, *process->Numbers());
  ASSERT_TRUE(seen.ok());
  const std::vector<SeenFile> among = SeenIn(HeldAmong(*seen)), looked_up = ByDescriptors();
  ASSERT_EQ(among.size(), 2u);
  ASSERT_EQ(looked_up.size(), 2u);
  for (size_t i = 0; i < among.size(); ++i) {
    EXPECT_EQ(among[i].fd, looked_up[i].fd);
    EXPECT_EQ(among[i].path, looked_up[i].path);
    EXPECT_EQ(among[i].file.inode, looked_up[i].file.inode);
    EXPECT_EQ(among[i].file.bytes, looked_up[i].file.bytes);
  }
  for (const int one : {named, fd, memory}) close(one);
}

}  // namespace
}  // namespace fdtrace
