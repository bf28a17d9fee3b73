// Which files are pinned, by whom, and since when.
#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using PinnedFilesTest = ModelFilesTest;

TEST_F(PinnedFilesTest, AFileUnlinkedAndHeldToTheEndIsPinned) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70), .created = true});
  SendUnlinked({.file = Nameless(70, 4 * kMiB), .path = "a", .stack = 21});
  const uint64_t removed_ns = now_;
  LookAtFiles({{.fd = 5, .file = Nameless(70, 8 * kMiB), .path = "/tmp/a"}});
  const uint64_t seen_ns = now_;
  End();
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.device(), 1u);
  EXPECT_EQ(file.inode(), 70u);
  EXPECT_EQ(file.path(), "/tmp/a");
  EXPECT_EQ(file.bytes(), 8 * kMiB);
  EXPECT_EQ(file.apparent_bytes(), 8 * kMiB);
  EXPECT_EQ(file.seen_ns(), seen_ns);
  EXPECT_EQ(file.removed_by(), TracePinned::UNLINK);
  EXPECT_EQ(file.removed_ns(), removed_ns);
  EXPECT_EQ(file.removed_at().function(), "unlink");
  EXPECT_EQ(AddressAt(file.removed_at()), 21u);
  ASSERT_THAT(file.opened_at(), SizeIs(1));
  EXPECT_EQ(file.opened_at(0).function(), "open");
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
  EXPECT_THAT(HoldersOf(file), ElementsAre("1:5"));
  EXPECT_FALSE(file.is_memory());
}

TEST_F(PinnedFilesTest, AFileClosedBeforeTheEndIsNot) {
  SendOpened({.id = Id(1, 1), .stack = 11, .file = File(70)});
  SendUnlinked({.file = Nameless(70, 9 * kMiB)});
  SendClosed(CloseOf(Id(1, 1)));
  End();
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, AFileThatKeepsANameIsNot) {
  SendOpened({.id = Id(1, 1), .stack = 11, .file = File(70, 0, 2)});
  SendUnlinked({.file = File(70, 9 * kMiB, 1)});
  End();
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, AFileUnlinkedAfterItsHolderEndedIsNot) {
  SendOpened({.id = Id(1, 1), .stack = 11, .file = File(70)});
  Fork(2, 1, {});
  End(1);
  SendUnlinked({.file = Nameless(70)}, 2);
  End(2);
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, TheUnlinkMayBeReadAfterTheHolderEndedAndBeforeTheOpen) {
  Fork(2, 1, {});
  Also(2);
  Send(UnlinkedEvent(5 * kMs, {.file = Nameless(70, kMiB), .path = "/tmp/early", .stack = 21}), 2);
  Send(OpenedEvent(2 * kMs, {.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/early", .file = File(70)}));
  now_ = 6 * kMs;
  End(1);
  Fork(3, 2, {});
  Send(OpenedEvent(7 * kMs, {.id = Id(3, 1), .fd = 6, .stack = 12, .path = "/tmp/late", .file = File(71, kMiB)}), 3);
  now_ = 9 * kMs;
  End(3);
  Send(UnlinkedEvent(8 * kMs, {.file = Nameless(71, 2 * kMiB), .path = "/tmp/late", .stack = 22}), 2);
  End(2);
  Written();
  ASSERT_THAT(trace_.pinned, SizeIs(2));
  EXPECT_EQ(trace_.pinned[0].path(), "/tmp/late");
  EXPECT_EQ(AddressAt(trace_.pinned[0].removed_at()), 22u);
  EXPECT_EQ(trace_.pinned[1].path(), "/tmp/early");
  EXPECT_EQ(AddressAt(trace_.pinned[1].removed_at()), 21u);
  EXPECT_THAT(HoldersOf(trace_.pinned[1]), ElementsAre("1:5"));
}

TEST_F(PinnedFilesTest, TwoDescriptorsAndAMappingOfOneFileAreOneRow) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  SendOpened({.id = Id(1, 2), .fd = 6, .function = 3, .stack = 12, .source = Id(1, 1), .file = File(70)});
  SendUnlinked({.file = Nameless(70, 4 * kMiB)});
  LookAtFiles({{.fd = -1, .file = Nameless(70, 4 * kMiB), .path = "/tmp/a"},
               {.fd = 5, .file = Nameless(70, 4 * kMiB), .path = "/tmp/a"},
               {.fd = 6, .file = Nameless(70, 4 * kMiB), .path = "/tmp/a"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_THAT(HoldersOf(file), ElementsAre("1:-1+", "1:5+", "1:6+"));
  ASSERT_THAT(file.opened_at(), SizeIs(1)) << "a duplicate is of the file that its source opened";
  EXPECT_EQ(file.opened_at(0).count(), 2u);
}

TEST_F(PinnedFilesTest, AMappingKeepsAFileAfterItsDescriptorIsClosed) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  SendUnlinked({.file = Nameless(70, 6 * kMiB), .path = "/tmp/a", .stack = 21});
  SendClosed(CloseOf(Id(1, 1), 5));
  LookAtFiles({{.fd = -1, .file = Nameless(70, 6 * kMiB), .path = "/tmp/a"}});
  End(1, ProcessEnd::kVanished);
  const TracePinned& file = OnlyPinned();
  EXPECT_THAT(HoldersOf(file), ElementsAre("1:-1"));
  ASSERT_THAT(file.opened_at(), SizeIs(1));
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
  EXPECT_EQ(AddressAt(file.removed_at()), 21u);
}

TEST_F(PinnedFilesTest, AMappingThatMayNotBeLookedAtKeepsTheSizesLastKnown) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  SendUnlinked({.file = Nameless(70, 6 * kMiB), .path = "/tmp/a", .stack = 21});
  const uint64_t seen_ns = now_;
  SendClosed(CloseOf(Id(1, 1), 5));
  const FileFacts by_maps_alone = {.device = 99, .inode = 70, .links = 0, .bytes = 0, .apparent_bytes = 0};
  LookAtFiles({{.fd = -1, .file = by_maps_alone, .path = "/tmp/a"}});
  LookAtFiles({{.fd = -1, .file = by_maps_alone, .path = "/tmp/a"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.bytes(), 6 * kMiB);
  EXPECT_EQ(file.seen_ns(), seen_ns);
  EXPECT_EQ(AddressAt(file.removed_at()), 21u);
  EXPECT_THAT(HoldersOf(file), ElementsAre("1:-1+"));
}

TEST_F(PinnedFilesTest, AMappingThatMayNotBeLookedAtOfAFileWithAnotherNamePinsNothing) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70, kMiB, 2)});
  SendUnlinked({.file = File(70, kMiB, 1), .path = "/tmp/a", .stack = 21});
  LookAtFiles({{.fd = -1, .file = Nameless(70), .path = "/tmp/a"}});
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, AMappingThatIsGoneAtTheNextLookPinsNothing) {
  LookAtFiles({{.fd = -1, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  LookAtFiles({});
  EXPECT_THAT(Written().pinned, IsEmpty());
  ASSERT_THAT(trace_.filesystems, SizeIs(1));
  EXPECT_EQ(trace_.filesystems[0].peak_bytes(), kMiB);
}

TEST_F(PinnedFilesTest, OpenedByOneUnlinkedByAnotherHeldByAThirdAfterExecIsOneRow) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  Fork(2, 1, {0, 1, 2, 5});
  Fork(3, 1, {0, 1, 2, 5});
  Also(2);
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a", .stack = 21}, 2);
  Send(ClosedEvent(now_ += kMs, CloseOf(0, 5)), 2);
  End(2);
  SendClosed(CloseOf(Id(1, 1), 5));
  Image exec = At(4, 103, {});
  exec.present = {
      {.fd = 5, .link = "/tmp/a (deleted)", .description = {}, .resource = FILE, .file = Nameless(70, kMiB)}};
  model_->ImageStarted(exec);
  End(4);
  End(1);
  const TracePinned& file = OnlyPinned();
  EXPECT_THAT(HoldersOf(file), ElementsAre("3:5"));
  ASSERT_THAT(file.opened_at(), SizeIs(1));
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
  EXPECT_EQ(AddressAt(file.removed_at()), 21u);
  EXPECT_EQ(file.path(), "/tmp/a");
}

TEST_F(PinnedFilesTest, AChildThatEndsWithItWhileItsParentClosesItLaterPinsNothing) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .file = File(70)});
  SendUnlinked({.file = Nameless(70, kMiB)});
  Fork(2, 1, {0, 1, 2, 5});
  End(2);
  SendClosed(CloseOf(Id(1, 1), 5));
  End(1);
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, AChildThatKeepsItLongerThanItsParentPinsIt) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .file = File(70)});
  SendUnlinked({.file = Nameless(70, kMiB)});
  Fork(2, 1, {0, 1, 2, 5});
  SendClosed(CloseOf(Id(1, 1), 5));
  End(2);
  EXPECT_THAT(HoldersOf(OnlyPinned()), ElementsAre("2:5"));
}

TEST_F(PinnedFilesTest, ARenameOverAFileRemovesIt) {
  SendOpened({.id = Id(1, 1), .stack = 11, .path = "/tmp/a", .file = File(70)});
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a", .stack = 21, .how = Unlinked::RENAME});
  EXPECT_EQ(OnlyPinned().removed_by(), TracePinned::RENAME);
}

TEST_F(PinnedFilesTest, AFileBornWithoutANameHasNone) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp", .file = Nameless(70)});
  const uint64_t born_ns = now_;
  LookAtFiles({{.fd = 5, .file = Nameless(70, 3 * kMiB), .path = "/tmp/#70"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.removed_by(), TracePinned::BORN);
  EXPECT_EQ(file.removed_ns(), born_ns);
  EXPECT_EQ(file.path(), "");
  EXPECT_EQ(file.bytes(), 3 * kMiB);
  EXPECT_FALSE(file.has_removed_at());
}

TEST_F(PinnedFilesTest, AFileBornWithoutANameThatWasGivenOneIsNot) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp", .file = Nameless(70)});
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/#70"}});
  Send(LinkedEvent(now_ += 1, File(70, 2 * kMiB), "/tmp/a"));
  End();
  Written();
  EXPECT_THAT(trace_.pinned, IsEmpty());
  ASSERT_THAT(trace_.filesystems, SizeIs(1));
  EXPECT_EQ(trace_.filesystems[0].peak_bytes(), kMiB);
}

TEST_F(PinnedFilesTest, AFileThatWasGivenItsFirstNameAndLostItIsPinnedByItsRemoval) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp", .file = Nameless(70)});
  Send(LinkedEvent(now_ += 1, File(70), "/tmp/a"));
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a", .stack = 21});
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  EXPECT_EQ(OnlyPinned().removed_by(), TracePinned::UNLINK);
  EXPECT_EQ(OnlyPinned().path(), "/tmp/a");
}

TEST_F(PinnedFilesTest, AMemoryFilePinsMemory) {
  SendOpened({.id = Id(1, 1), .fd = 5, .function = 8, .stack = 11, .path = "cache", .file = Nameless(70)});
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/memfd:cache"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.removed_by(), TracePinned::BORN);
  EXPECT_TRUE(file.is_memory());
  EXPECT_FALSE(file.is_shared_memory());
  EXPECT_EQ(file.path(), "/memfd:cache");
}

TEST_F(PinnedFilesTest, WhatIsOnAFileSystemInMemoryPinsMemoryAndSharedMemoryIsToldApart) {
  model_->FilesystemSeen({.device = 1, .mount = "/run", .type = "tmpfs", .is_memory = true});
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/run/a", .file = File(70)});
  SendUnlinked({.file = Nameless(70, 2 * kMiB), .path = "/run/a"});
  LookAtFiles({{.fd = -1, .file = Nameless(71, kMiB), .path = "/dev/shm/b"}});
  Written();
  ASSERT_THAT(trace_.pinned, SizeIs(2));
  EXPECT_TRUE(trace_.pinned[0].is_memory());
  EXPECT_FALSE(trace_.pinned[0].is_shared_memory());
  EXPECT_TRUE(trace_.pinned[1].is_shared_memory());
  ASSERT_THAT(trace_.filesystems, SizeIs(1));
  EXPECT_EQ(trace_.filesystems[0].mount(), "/run");
  EXPECT_EQ(trace_.filesystems[0].type(), "tmpfs");
}

TEST_F(PinnedFilesTest, ANameTakenByNoCallWasTakenByAnotherProcess) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "a", .file = File(70)});
  model_->Compare(1, {{.fd = 5, .link = "/tmp/a (deleted)", .description = {}, .resource = FILE, .file = Nameless(70)}},
                  now_ += kMs);
  const uint64_t first_seen_ns = now_;
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.removed_by(), TracePinned::ANOTHER_PROCESS);
  EXPECT_EQ(file.removed_ns(), first_seen_ns);
  EXPECT_EQ(file.path(), "/tmp/a");
}

TEST_F(PinnedFilesTest, AnUnlinkToldAfterALookTakesTheBlameFromAnotherProcess) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  Fork(2, 1, {});
  Also(2);
  const uint64_t removed_ns = now_ + kMs / 2;
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  Send(UnlinkedEvent(removed_ns, {.file = Nameless(70), .path = "/tmp/a", .stack = 21}), 2);
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(file.removed_by(), TracePinned::UNLINK);
  EXPECT_EQ(file.removed_ns(), removed_ns);
  EXPECT_EQ(file.bytes(), kMiB);
}

TEST_F(PinnedFilesTest, AFileThatGotANameAgainIsNotPinned) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp", .file = Nameless(70)});
  now_ += 10 * kMs;
  model_->Compare(1, {{.fd = 5, .link = "/tmp/a", .description = {}, .resource = FILE, .file = File(70)}}, now_ += kMs);
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, AnInodeThatIsUsedAgainIsAnotherFile) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70), .created = true});
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a"});
  SendClosed(CloseOf(Id(1, 1), 5));
  SendOpened({.id = Id(1, 2), .fd = 5, .stack = 11, .path = "/tmp/b", .file = File(70), .created = true});
  End();
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, WhatAProcessLeftPinnedStaysARowWhenItsInodeIsUsedAgain) {
  Fork(2, 1, {0, 1, 2});
  SendOpened({.id = Id(2, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70), .created = true}, 2);
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a"}, 2);
  End(2);
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/b", .file = File(70), .created = true});
  SendUnlinked({.file = Nameless(70, 2 * kMiB), .path = "/tmp/b"});
  End(1);
  Written();
  ASSERT_THAT(trace_.pinned, SizeIs(2));
  EXPECT_EQ(trace_.pinned[0].path(), "/tmp/b");
  EXPECT_EQ(trace_.pinned[1].path(), "/tmp/a");
  EXPECT_THAT(HoldersOf(trace_.pinned[1]), ElementsAre("2:5"));
}

TEST_F(PinnedFilesTest, StandardOutputOnAFileWithoutANamePinsItToo) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/log", .file = File(70)});
  SendOpened({.id = Id(1, 2), .fd = 1, .function = 4, .stack = 12, .source = Id(1, 1), .file = File(70)});
  SendClosed(CloseOf(Id(1, 1), 5));
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/log"});
  const TracePinned& file = OnlyPinned();
  EXPECT_THAT(HoldersOf(file), ElementsAre("1:1+"));
  ASSERT_THAT(file.opened_at(), SizeIs(1));
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
}

class CallersFilesTest : public ModelFilesTest {
 protected:
  void SetUp() override {
    Image image = At(1, 100, {});
    image.present = {
        {.fd = 1, .link = "/tmp/out (deleted)", .description = {}, .resource = FILE, .file = Nameless(70, kMiB)},
        {.fd = 5, .link = "/tmp/in", .description = {}, .resource = FILE, .file = File(71, kMiB)}};
    model_->ImageStarted(image);
    Define(1);
    Also(1);
  }
};

TEST_F(CallersFilesTest, WhatTheCallerPassedIsPinnedByTheCaller) {
  LookAtFiles({{.fd = 1, .file = Nameless(70, kMiB), .path = "/tmp/out"}});
  Fork(2, 1, {1, 5});
  End(2);
  End(1);
  EXPECT_THAT(Written().pinned, IsEmpty());
  EXPECT_THAT(trace_.filesystems, IsEmpty());
}

TEST_F(CallersFilesTest, UnlessARecordedProcessRemovedIt) {
  SendUnlinked({.file = Nameless(71, kMiB), .path = "/tmp/in"});
  EXPECT_THAT(HoldersOf(OnlyPinned()), ElementsAre("1:5+"));
}

TEST_F(PinnedFilesTest, AFileOpenedForReadingIsKnownByALook) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a"});
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a", .stack = 21});
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  const TracePinned& file = OnlyPinned();
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
  EXPECT_EQ(AddressAt(file.removed_at()), 21u);
}

TEST_F(PinnedFilesTest, ADuplicateOfOneOpenedForReadingIsOfTheSameOpener) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a"});
  SendOpened({.id = Id(1, 2), .fd = 6, .function = 3, .stack = 12, .source = Id(1, 1)});
  SendClosed(CloseOf(Id(1, 1), 5));
  LookAtFiles({{.fd = 6, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  const TracePinned& file = OnlyPinned();
  ASSERT_THAT(file.opened_at(), SizeIs(1));
  EXPECT_EQ(AddressAt(file.opened_at(0)), 0x11u);
}

TEST_F(PinnedFilesTest, ADescriptorThatIsMissingFromALookHoldsItsFileNoMore) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70)});
  SendUnlinked({.file = Nameless(70, kMiB), .path = "/tmp/a"});
  LookAtFiles({{.fd = 5, .file = Nameless(70, kMiB), .path = "/tmp/a"}});
  LookAtFiles({});
  End(1, ProcessEnd::kVanished);
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(PinnedFilesTest, ARenamedFileHasItsLatestName) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "/tmp/a", .file = File(70), .created = true});
  Send(RenamedEvent(now_ += kMs, 70, "/tmp/b (deleted)"));
  SendUnlinked({.file = Nameless(70, kMiB), .path = "b (deleted)"});
  EXPECT_EQ(OnlyPinned().path(), "/tmp/b (deleted)");
}

TEST_F(PinnedFilesTest, AThousandFilesThatComeAndGoDoNotHideOneThatStays) {
  SendUnlinked({.file = Nameless(7, kMiB), .path = "/tmp/mapped", .stack = 21});
  for (uint64_t i = 1; i <= 1000; ++i) {
    SendOpened({.id = Id(1, i), .stack = 11, .file = File(1000 + i), .created = true});
    SendUnlinked({.file = Nameless(1000 + i, kMiB)});
    SendClosed(CloseOf(Id(1, i)));
  }
  LookAtFiles({{.fd = -1, .file = Nameless(7, kMiB), .path = "/tmp/mapped"}});
  EXPECT_EQ(AddressAt(OnlyPinned().removed_at()), 21u);
}

}  // namespace
}  // namespace fdtrace
