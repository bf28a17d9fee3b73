#include "collector/left_behind.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "collector/files_testing.h"

namespace fdtrace {
namespace {

using std::chrono::seconds;

// Makes a file, which goes on without a descriptor.
CreatedFile Create(const std::string& path, size_t bytes = 0) {
  const int fd = MakeFile(path, bytes);
  struct stat status = {};
  EXPECT_EQ(fstat(fd, &status), 0);
  close(fd);
  return {.device = status.st_dev, .inode = status.st_ino, .path = path};
}

TEST(LeftBehindTest, FindsWhatIsStillThereWithItsSizes) {
  const TestDirectory directory;
  const CreatedFile kept = Create(directory / "kept", 5000), gone = Create(directory / "gone");
  unlink(gone.path.c_str());
  const LookedFor found = LookFor({kept, gone}, seconds(5));
  ASSERT_EQ(found.there.size(), 1u);
  EXPECT_EQ(found.there[0].first.path, kept.path);
  EXPECT_EQ(found.there[0].second.inode, kept.inode);
  EXPECT_EQ(found.there[0].second.links, 1u);
  EXPECT_EQ(found.there[0].second.apparent_bytes, 5000u);
  EXPECT_GE(found.there[0].second.bytes, 5000u);
  EXPECT_EQ(found.not_reached, 0u);
}

TEST(LeftBehindTest, AnotherFileOfTheNameIsNotTheOneThatWasMade) {
  const TestDirectory directory;
  const CreatedFile replaced = Create(directory / "replaced"), directory_now = Create(directory / "directory");
  rename(Create(directory / "new").path.c_str(), replaced.path.c_str());
  unlink(directory_now.path.c_str());
  ASSERT_EQ(mkdir(directory_now.path.c_str(), 0700), 0);
  EXPECT_TRUE(LookFor({replaced, directory_now}, seconds(5)).there.empty());
}

TEST(LeftBehindTest, FindsAFileMadeThroughASymbolicLink) {
  const TestDirectory directory;
  CreatedFile made = Create(directory / "target");
  ASSERT_EQ(symlink("target", (directory / "link").c_str()), 0);
  made.path = directory / "link";
  EXPECT_EQ(LookFor({made}, seconds(5)).there.size(), 1u);
}

TEST(LeftBehindTest, FindsAFileByAnyOfItsNamesAndSaysByWhich) {
  const TestDirectory directory;
  CreatedFile made = Create(directory / "first");
  ASSERT_EQ(rename(made.path.c_str(), (directory / "third").c_str()), 0);
  Create(directory / "second");
  made.other_paths = {directory / "second", directory / "third"};
  const LookedFor found = LookFor({made}, seconds(5));
  ASSERT_EQ(found.there.size(), 1u);
  EXPECT_EQ(found.there[0].first.path, directory / "third");
  EXPECT_EQ(found.not_reached, 0u);
}

TEST(LeftBehindTest, SaysHowManyWereNotReachedInTime) {
  const TestDirectory directory;
  const CreatedFile kept = Create(directory / "kept");
  const LookedFor found = LookFor({kept, kept, kept}, seconds(0));
  EXPECT_TRUE(found.there.empty());
  EXPECT_EQ(found.not_reached, 3u);
}

TEST(LeftBehindTest, LooksForNothingWhereNothingWasMade) { EXPECT_EQ(LookFor({}, seconds(0)).not_reached, 0u); }

}  // namespace
}  // namespace fdtrace
