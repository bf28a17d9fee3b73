// What counts of files whose last writer ended without telling how large it left them.
#include <utility>

#include "collector/model_files_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSecond = 1000 * kMs;

class UnsettledGrowthTest : public ModelFilesTest {
 protected:
  // By process 1, from the code at 0x11, in descriptor 5.
  void Make(uint64_t inode, const std::string& path = "/var/log/x") {
    SendOpened({.id = Id(1, inode), .fd = 5, .stack = 11, .path = path.c_str(), .file = File(inode), .created = true});
  }
  void Close(uint64_t inode, uint64_t size) { SendClosed({.id = Id(1, inode), .fd = 5, .file = File(inode, size)}); }
  // By its name, as the session would.
  void LookAt(uint64_t inode, uint64_t size) {
    const std::vector<WrittenFile> files = model_->TakeUnsettled();
    EXPECT_THAT(files, SizeIs(1));
    now_ += kMs;
    for (const WrittenFile& file : files) {
      EXPECT_EQ(file.inode, inode);
      model_->FileSeen(file, File(inode, size), now_);
    }
  }
  // A process of its own, 2, opens it by the code at 0x12.
  void OpenedByAnother(uint64_t inode, const OpenCall& call) {
    OpenCall open = call;
    open.id = Id(2, inode);
    open.fd = 6;
    open.stack = 12;
    open.path = "/var/log/x";
    SendOpened(open, 2);
  }
  // "bytes", or "bytes+" where they are but the least, by the address of the code.
  std::map<uint64_t, std::string> Grown() {
    std::map<uint64_t, std::string> grown;
    for (const TraceGrowth& growth : Written().growth) {
      grown[AddressAt(growth.opened_at())] = std::to_string(growth.bytes()) + (growth.at_least() ? "+" : "");
    }
    return grown;
  }
  using ByAddress = std::map<uint64_t, std::string>;
};

TEST_F(UnsettledGrowthTest, WhatAProcessWroteBeforeItWasKilledIsFoundByTheNameOfTheFile) {
  Make(70);
  End(1, ProcessEnd::kVanished);
  const std::vector<WrittenFile> files = model_->TakeUnsettled();
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].path, "/var/log/x");
  model_->FileSeen(files[0], File(70, 5000), now_ += kMs);
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_THAT(model_->Unsettled(), IsEmpty());
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "5000"}}));
}

TEST_F(UnsettledGrowthTest, ACloseThatTellsTheSizeLeavesNothingToLookAt) {
  Make(70);
  Close(70, 100);
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  End();
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "100"}}));
}

// The other's events are read when this one's have been.
TEST_F(UnsettledGrowthTest, AnotherThatBeganBeforeThatEndSettlesNothing) {
  Fork(2, 1, {0, 1, 2});
  Make(70);
  const uint64_t began_ns = now_ + kMs;
  now_ += 10 * kMs;
  SendClosed({.id = Id(1, 70), .fd = 5});
  const uint64_t ended_ns = std::exchange(now_, began_ns);
  OpenedByAnother(70, {.file = File(70)});
  SendClosed({.id = Id(2, 70), .fd = 6, .file = File(70, 55)}, 2);
  now_ = ended_ns;
  LookAt(70, 155);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "100"}, {0x12, "55"}}));
}

TEST_F(UnsettledGrowthTest, WhatLibcWritesAtExitIsFoundAfterTheLookBeforeIt) {
  Make(70);
  model_->Compare(1, {{.fd = 5, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, 4096)}},
                  now_ += kMs);
  End();
  LookAt(70, 5000);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "5000"}})) << "nothing twice";
}

TEST_F(UnsettledGrowthTest, AProcessThatLeftByExitCallWasLookedAtWhenItCouldWriteNoMore) {
  Make(70);
  Event exiting;
  exiting.set_at_ns(now_ += kMs);
  exiting.mutable_exiting()->set_status(3);
  Send(exiting);
  model_->Compare(1, {{.fd = 5, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, 4096)}},
                  now_ += kMs);
  End();
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "4096"}}));
}

TEST_F(UnsettledGrowthTest, TheNextOpeningSettlesIt) {
  Fork(2, 1, {0, 1, 2});
  Make(70);
  End(1, ProcessEnd::kVanished);
  OpenedByAnother(70, {.file = File(70, 700)});
  SendClosed({.id = Id(2, 70), .fd = 6, .file = File(70, 1000)}, 2);
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "700"}, {0x12, "300"}}));
}

TEST_F(UnsettledGrowthTest, AnOpeningThatEmptiesTheFileTellsWhatWasThere) {
  Fork(2, 1, {0, 1, 2});
  Make(70);
  End(1, ProcessEnd::kVanished);
  OpenedByAnother(70, {.file = File(70, 0), .emptied = File(70, 700)});
  SendClosed({.id = Id(2, 70), .fd = 6, .file = File(70, 50)}, 2);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "700"}, {0x12, "50"}}));
}

TEST_F(UnsettledGrowthTest, ALookThatComesJustAfterTheFileWasEmptiedLosesNothing) {
  Make(70);
  Fork(2, 1, {0, 1, 2});
  End(1, ProcessEnd::kVanished);
  LookAt(70, 0);
  OpenedByAnother(70, {.file = File(70, 0), .emptied = File(70, 700)});
  SendClosed({.id = Id(2, 70), .fd = 6, .file = File(70, 50)}, 2);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "700"}, {0x12, "50"}}));
}

TEST_F(UnsettledGrowthTest, WhatGrewLongAfterTheLookIsSomebodyElses) {
  Fork(2, 1, {0, 1, 2});
  Make(70);
  End(1, ProcessEnd::kVanished);
  LookAt(70, 700);
  now_ += 2 * kSecond;
  OpenedByAnother(70, {.file = File(70, 900'000)});
  SendClosed({.id = Id(2, 70), .fd = 6, .file = File(70, 900'001)}, 2);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "700"}, {0x12, "1"}}));
}

TEST_F(UnsettledGrowthTest, ARemovalTellsTheLastSize) {
  Fork(2, 1, {0, 1, 2});
  Make(70);
  End(1, ProcessEnd::kVanished);
  SendUnlinked({.file = Nameless(70, 700), .path = "/var/log/x"}, 2);
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "700"}}));
}

TEST_F(UnsettledGrowthTest, AFileThatIsNotFoundAgainCountsByWhatIsKnownAndIsSaidToBeTheLeast) {
  Make(70);
  model_->Compare(1, {{.fd = 5, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, 300)}},
                  now_ += kMs);
  End(1, ProcessEnd::kVanished);
  EXPECT_THAT(model_->TakeUnsettled(), SizeIs(1));
  EXPECT_THAT(model_->Unsettled(), SizeIs(1)) << "it is looked for once more in the end";
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "300+"}}));
}

TEST_F(UnsettledGrowthTest, AFileThatNeverHadANameIsListedThoughNothingIsKnownToHaveBeenWritten) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "", .file = Nameless(70)});
  End(1, ProcessEnd::kVanished);
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty()) << "it cannot be looked for";
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "0+"}}));
  EXPECT_TRUE(trace_.growth.at(0).nameless());
  EXPECT_EQ(trace_.growth.at(0).files(), 1u);
}

TEST_F(UnsettledGrowthTest, AForkedChildThatSpeaksAfterItsParentHasClosedIsAWriter) {
  Make(70);
  Close(70, 100);
  Image image = At(2, 102, {0, 1, 2}, /*forked_from=*/1);
  image.present.push_back(
      {.fd = 5, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, 900), .writes = true});
  model_->ImageStarted(image);
  End(2, ProcessEnd::kVanished);
  LookAt(70, 1000);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "1000"}}));
}

TEST_F(UnsettledGrowthTest, AForkedChildsCloseTellsWhatItsCopyWasThoughItsParentHasReusedTheNumber) {
  Make(70);
  Close(70, 100);
  Make(71, "/var/log/y");
  Fork(2, 1, {0, 1, 2, 5});
  SendClosed({.id = Id(1, 70), .fd = 5, .file = File(70, 1000)}, 2);
  Close(71, 30);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "1030"}}));
}

TEST_F(UnsettledGrowthTest, AnExecTellsOfWhatItIsAboutToClose) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "", .file = Nameless(70)});
  Send(WrittenEvent(now_ += kMs, Id(1, 1), 5, Nameless(70, 12345)));
  SendExecuting({});
  StartProgram(2, 100, {0, 1, 2}, "/bin/other");
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "12345+"}})) << "another thread may have written on";
}

TEST_F(UnsettledGrowthTest, ADescriptorThatLivesOnOverAnExecIsStillAWriter) {
  Make(70);
  SendExecuting({{.fd = 5, .id = Id(1, 70), .stack = 11}});
  StartProgram(2, 100, {0, 1, 2}, "/bin/other");
  LookAt(70, 800);
  EXPECT_EQ(Grown(), (ByAddress{{0x11, "800"}}));
}

TEST_F(UnsettledGrowthTest, WhatFdtracesCallerOpenedIsNobodysGrowth) {
  model_ = MakeModel();
  Image first = At(1, 100, {0, 2});
  first.present.push_back(
      {.fd = 1, .link = "/var/log/x", .description = {}, .resource = FILE, .file = File(70, 100), .writes = true});
  model_->ImageStarted(first);
  End();
  EXPECT_THAT(model_->TakeUnsettled(), IsEmpty());
  EXPECT_EQ(Grown(), ByAddress{});
}

TEST_F(UnsettledGrowthTest, AFileIsShownUnderTheNameThatItGotLast) {
  Make(70, "/var/log/x.part");
  Close(70, 100);
  Send(RenamedEvent(now_ += kMs, 70, "/var/log/x"));
  EXPECT_EQ(Written().growth.at(0).path(), "/var/log/x");
}

// The first program is in /home/me.
class RelativePathTest : public UnsettledGrowthTest {
 protected:
  void SetUp() override {
    Image first = At(1, 100, {0, 1, 2});
    first.directory = "/home/me";
    model_->ImageStarted(first);
    Define(1);
  }
  std::string PathOf(const char* path, const char* directory = "", uint32_t serial = 1) {
    SendOpened({.id = Id(serial, 9), .fd = 5, .stack = 11, .path = path, .file = File(70), .directory = directory},
               serial);
    SendClosed({.id = Id(serial, 9), .fd = 5, .file = File(70, 30)}, serial);
    return Written().growth.at(0).path();
  }
};

TEST_F(RelativePathTest, LeadsFromTheDirectoryThatTheProcessSaidHelloIn) { EXPECT_EQ(PathOf("log"), "/home/me/log"); }

TEST_F(RelativePathTest, LeadsFromTheDirectoryThatTheProcessHasChangedTo) { EXPECT_EQ(PathOf(".//log", "/"), "/log"); }

TEST_F(RelativePathTest, OfAChildLeadsFromWhereItsParentIs) {
  SendOpened({.id = Id(1, 1), .fd = 6, .stack = 12, .path = "other", .file = File(71), .directory = "/tmp"});
  Fork(2, 1, {0, 1, 2});
  Define(2);
  EXPECT_EQ(PathOf("log", "", 2), "/tmp/log");
}

TEST_F(UnsettledGrowthTest, WhatADaemonsParentHeldIsNotHeldToTheEndThoughItsEndIsNoticedLast) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "", .file = Nameless(70, 100)});
  const uint64_t forked_ns = now_ += kMs;
  Fork(2, 1, {0, 1, 2, 5});
  Send(LeftByDaemonEvent(forked_ns));
  SendClosed({.id = Id(1, 1), .fd = 5, .file = Nameless(70, 100)}, 2);
  End(1);
  End(2);
  EXPECT_THAT(Written().pinned, IsEmpty());
}

TEST_F(UnsettledGrowthTest, WhatADaemonsParentHeldAndTheDaemonHoldsIsHeldByTheDaemon) {
  SendOpened({.id = Id(1, 1), .fd = 5, .stack = 11, .path = "", .file = Nameless(70, 100)});
  const uint64_t forked_ns = now_ += kMs;
  Fork(2, 1, {0, 1, 2, 5});
  Send(LeftByDaemonEvent(forked_ns));
  End(2, ProcessEnd::kVanished);
  End(1);
  EXPECT_THAT(HoldersOf(OnlyPinned()), ::testing::Contains("2:5"));
}

}  // namespace
}  // namespace fdtrace
