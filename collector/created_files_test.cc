// What of the files that the program made is left in the end.
#include "collector/created_files.h"

#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CreatedFilesTest : public ModelFilesTest {
 protected:
  void Create(uint64_t inode, const std::string& path, uint64_t stack = 11) {
    SendOpened({.id = Id(1, inode), .stack = stack, .path = path.c_str(), .file = File(inode), .created = true});
    SendClosed(CloseOf(Id(1, inode)));
  }
  std::vector<std::string> Remaining() const {
    std::vector<std::string> paths;
    for (const CreatedFile& file : model_->CreatedFiles()) paths.push_back(file.path);
    return paths;
  }
  void LookAtAll(uint64_t bytes) {
    for (const CreatedFile& file : model_->CreatedFiles()) model_->LeftBehind(file, File(file.inode, bytes));
  }
};

TEST_F(CreatedFilesTest, WhatIsRemovedIsNotLeft) {
  Create(70, "/tmp/a");
  Create(71, "/tmp/b");
  SendUnlinked({.file = Nameless(70), .path = "/tmp/a"});
  SendUnlinked({.file = File(71, 0, 1), .path = "/tmp/other name of b"});
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/b"));
}

TEST_F(CreatedFilesTest, AFileThatWasThereBeforeIsNotTheProgramsToRemove) {
  SendOpened({.id = Id(1, 1), .stack = 11, .path = "/tmp/old", .file = File(70, kMiB)});
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(CreatedFilesTest, ARenamedFileIsLookedForByItsNewName) {
  Create(70, "/tmp/a");
  Send(RenamedEvent(now_ += kMs, 70, "/home/a"));
  EXPECT_THAT(Remaining(), ElementsAre("/home/a"));
}

TEST_F(CreatedFilesTest, AFileThatReplacesOneFromBeforeOnlyChangesWhatWasThere) {
  Create(70, "/tmp/new");
  Send(RenamedEvent(now_ += kMs, 70, "/etc/config", /*replaced=*/true));
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(CreatedFilesTest, AFileThatReplacesOneOfTheProgramsOwnIsLeftInItsPlace) {
  Create(70, "/tmp/list");
  Create(71, "/tmp/list.new");
  SendUnlinked({.file = Nameless(70), .path = "/tmp/list"});
  Send(RenamedEvent(now_ += kMs, 71, "/tmp/list", /*replaced=*/true));
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/list"));
}

TEST_F(CreatedFilesTest, ARemovalOrARenameMayBeReadBeforeTheCreation) {
  Send(RenamedEvent(5 * kMs, 70, "/tmp/new"), 1, 2);
  Send(UnlinkedEvent(5 * kMs, {.file = Nameless(71), .path = "/tmp/b"}), 1, 2);
  Send(OpenedEvent(2 * kMs, {.id = Id(1, 1), .stack = 11, .path = "/tmp/a", .file = File(70), .created = true}));
  Send(OpenedEvent(3 * kMs,
                   {.id = Id(1, 2), .fd = 4, .stack = 11, .path = "/tmp/b", .file = File(71), .created = true}));
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/new"));
}

TEST_F(CreatedFilesTest, AReplacementMayBeReadBeforeTheCreationOfWhatItReplaces) {
  Send(OpenedEvent(3 * kMs, {.id = Id(1, 1), .stack = 11, .path = "/tmp/new", .file = File(71), .created = true}));
  Send(RenamedEvent(4 * kMs, 71, "/tmp/list", /*replaced=*/true));
  Send(OpenedEvent(2 * kMs,
                   {.id = Id(1, 2), .fd = 4, .stack = 11, .path = "/tmp/list", .file = File(70), .created = true}),
       1, 2);
  Send(UnlinkedEvent(4 * kMs - 1, {.file = Nameless(70), .path = "/tmp/list"}));
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/list"));
}

TEST_F(CreatedFilesTest, AFileIsWhereItsDirectoryWasMovedTo) {
  Create(70, "/tmp/work.tmp/deep/a");
  Create(71, "/tmp/work.tmp/b");
  Create(72, "/tmp/work.tmp.c");
  Send(MovedEvent(now_ += kMs, "/tmp/work.tmp", "/srv/work"));
  Create(73, "/tmp/work.tmp/b");
  Send(RenamedEvent(now_ += kMs, 71, "/srv/work/c"));
  EXPECT_THAT(Remaining(), ElementsAre("/srv/work/c", "/srv/work/deep/a", "/tmp/work.tmp.c", "/tmp/work.tmp/b"));
}

TEST_F(CreatedFilesTest, ADirectoryMayBeReadToHaveMovedBeforeTheFilesInItAreReadToBeMade) {
  Send(MovedEvent(5 * kMs, "/tmp/new", "/tmp/final"), 1, 2);
  Send(OpenedEvent(2 * kMs, {.id = Id(1, 1), .stack = 11, .path = "/tmp/new/a", .file = File(70), .created = true}));
  Send(OpenedEvent(6 * kMs,
                   {.id = Id(1, 2), .fd = 4, .stack = 11, .path = "/tmp/new/b", .file = File(71), .created = true}));
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/final/a", "/tmp/new/b"));
}

TEST_F(CreatedFilesTest, AFileThatIsLinkedAndLosesItsFirstNameIsLookedForByTheOther) {
  Create(70, "/tmp/a");
  Send(LinkedEvent(now_ += kMs, File(70, 0, 2), "/srv/a"));
  SendUnlinked({.file = File(70, 0, 1), .path = "/tmp/a"});
  EXPECT_THAT(Remaining(), ElementsAre("/srv/a"));
}

TEST_F(CreatedFilesTest, AFileWithSeveralNamesIsOneAndIsLeftWhereItIsFound) {
  Create(70, "/tmp/a");
  Send(LinkedEvent(now_ += kMs, File(70, 0, 2), "/tmp/b"));
  Send(LinkedEvent(now_ += kMs, File(70, 0, 3), "/tmp/c"));
  Send(RenamedEvent(now_ += kMs, 70, "/tmp/d", /*replaced=*/false, "/tmp/b"));
  const std::vector<CreatedFile> files = model_->CreatedFiles();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].path, "/tmp/a");
  EXPECT_THAT(files[0].other_paths, ElementsAre("/tmp/c", "/tmp/d"));
  model_->LeftBehind({.device = 1, .inode = 70, .path = "/tmp/d"}, File(70, kMiB, 3));
  Written();
  ASSERT_THAT(trace_.leftovers, SizeIs(1));
  EXPECT_EQ(trace_.leftovers[0].pattern(), "d");
  EXPECT_EQ(trace_.leftovers[0].files(), 1u);
}

TEST_F(CreatedFilesTest, ALinkToAFileFromBeforeIsNoFileOfTheProgramsMaking) {
  Send(LinkedEvent(now_ += kMs, File(70, kMiB, 2), "/tmp/link"));
  Send(RenamedEvent(now_ += kMs, 70, "/tmp/other", /*replaced=*/false, "/tmp/link"));
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(CreatedFilesTest, AFileThatIsMadeWithoutANameIsLeftWhenItGetsOne) {
  SendOpened({.id = Id(1, 1), .stack = 11, .path = "/tmp", .file = Nameless(70)});
  SendOpened({.id = Id(1, 2), .fd = 4, .stack = 11, .path = "/tmp", .file = Nameless(71)});
  Send(LinkedEvent(now_ += kMs, File(70), "/srv/a"));
  EXPECT_THAT(Remaining(), ElementsAre("/srv/a"));
  LookAtAll(kMiB);
  Written();
  ASSERT_THAT(trace_.leftovers, SizeIs(1));
  EXPECT_EQ(AddressAt(trace_.leftovers[0].created_at(0)), 0x11u);
}

TEST_F(CreatedFilesTest, AFileWithoutANameThatSomebodyElseMadeIsNotTheProgramsForANameThatItGives) {
  Send(LinkedEvent(now_ += kMs, File(70), "/srv/a"));
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(CreatedFilesTest, AnInodeThatIsUsedAgainIsTheFileThatHasItNow) {
  Create(70, "/tmp/a");
  SendUnlinked({.file = Nameless(70), .path = "/tmp/a"});
  Create(70, "/tmp/b");
  EXPECT_THAT(Remaining(), ElementsAre("/tmp/b"));
}

TEST_F(CreatedFilesTest, TemporaryFilesOfOneKindAreOneRow) {
  const std::string letters = "0123456789abcdefghijklmnopqrstuv";
  for (uint64_t i = 0; i < 40; ++i) {
    std::string name;
    for (uint64_t n = i * 2654435761u, k = 0; k < 8; ++k, n = n / 8 + 77 * k) name += letters[n % letters.size()];
    Create(100 + i, "/tmp/tmp" + name, i < 30 ? 11 : 12);
  }
  LookAtAll(4096);
  Written();
  ASSERT_THAT(trace_.leftovers, SizeIs(1));
  const TraceLeftover& left = trace_.leftovers[0];
  EXPECT_EQ(left.directory(), "/tmp");
  EXPECT_EQ(left.pattern(), "tmp*");
  EXPECT_EQ(left.files(), 40u);
  EXPECT_EQ(left.bytes(), 40 * 4096u);
  EXPECT_EQ(left.apparent_bytes(), 40 * 4096u);
  EXPECT_TRUE(left.is_temporary());
  ASSERT_THAT(left.created_at(), SizeIs(2));
  EXPECT_EQ(left.created_at(0).count(), 30u);
  EXPECT_EQ(AddressAt(left.created_at(0)), 0x11u);
  EXPECT_EQ(left.created_at(1).count(), 10u);
}

TEST_F(CreatedFilesTest, OnlyWhatIsStillThereIsLeft) {
  Create(70, "/tmp/a");
  Create(71, "/tmp/b");
  const std::vector<CreatedFile> files = model_->CreatedFiles();
  ASSERT_THAT(files, SizeIs(2));
  model_->LeftBehind(files[0], File(99, kMiB));  // another file by that name
  model_->LeftBehind(files[1], File(71, kMiB));
  Written();
  ASSERT_THAT(trace_.leftovers, SizeIs(1));
  EXPECT_EQ(trace_.leftovers[0].pattern(), "b");
}

TEST_F(CreatedFilesTest, TemporaryDirectoriesComeFirst) {
  Create(70, "/home/u/large");
  Create(71, "/home/u/tmp/small");
  Create(72, "/top");
  for (const CreatedFile& file : model_->CreatedFiles()) {
    model_->LeftBehind(file, File(file.inode, file.inode == 70 ? kMiB : 1));
  }
  Written();
  ASSERT_THAT(trace_.leftovers, SizeIs(3));
  EXPECT_EQ(trace_.leftovers[0].directory(), "/home/u/tmp");
  EXPECT_TRUE(trace_.leftovers[0].is_temporary());
  EXPECT_EQ(trace_.leftovers[1].pattern(), "large");
  EXPECT_FALSE(trace_.leftovers[1].is_temporary());
  EXPECT_EQ(trace_.leftovers[2].directory(), "/");
}

TEST(CreatedFilesAloneTest, DirectoriesForTemporaryFilesAreKnownByTheirNames) {
  for (const char* const directory : {"/tmp", "/var/tmp/x", "/dev/shm", "/dev/shm/x", "/home/u/.tmp", "/srv/TMP/a"}) {
    EXPECT_TRUE(IsTemporary(directory)) << directory;
  }
  for (const char* const directory : {"/", "", "/dev/shmem", "/home/tmpfile", "/home/u"}) {
    EXPECT_FALSE(IsTemporary(directory)) << directory;
  }
}

TEST(CreatedFilesAloneTest, BeyondTheBoundFilesAreOnlyCounted) {
  Sites sites;
  const uint32_t place = sites.Place(0, sites.Name("open"));
  CreatedFiles created(/*max_files=*/10);
  for (uint64_t i = 1; i <= 100; ++i) {
    created.Tell({.what = NameEvent::kCreated,
                  .at_ns = i,
                  .file = {1, i},
                  .path = "/tmp/job." + std::to_string(i),
                  .place = place});
  }
  created.Tell({.what = NameEvent::kUnlinked, .at_ns = 200, .file = {1, 50}, .path = "/tmp/job.50", .links = 0});
  EXPECT_THAT(created.Remaining(), SizeIs(10));
  EXPECT_EQ(created.not_looked_at(), 89u);
  for (const CreatedFile& file : created.Remaining()) created.LeftBehind(file, File(file.inode, 7));
  KeptTrace trace;
  ASSERT_TRUE(created.Write(sites, trace).ok());
  ASSERT_THAT(trace.leftovers, SizeIs(1));
  EXPECT_EQ(trace.leftovers[0].pattern(), "job.*");
  EXPECT_EQ(trace.leftovers[0].files(), 99u);
  EXPECT_EQ(trace.leftovers[0].bytes(), 70u);
  EXPECT_EQ(trace.leftovers[0].created_at(0).count(), 99u);
}

}  // namespace
}  // namespace fdtrace
