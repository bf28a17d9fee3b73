#include "viewer/pinned.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<int64_t> Bytes(const Report& report) {
  std::vector<int64_t> bytes;
  for (const PinnedFile& file : report.pinned_files()) bytes.push_back(file.bytes());
  return bytes;
}

TEST(Pinned, TellsEverythingAboutAFile) {
  TraceMaker trace;
  trace.AddProcess(2, 200);
  trace.AddSymbol(1, 0x10, "make_spool", "/src/spool.c", 7);
  trace.AddSymbol(1, 0x20, "drop_spool", "/src/spool.c", 9);
  const uint32_t opener = trace.AddStack({0x10});
  const uint32_t remover = trace.AddStack({0x20});
  TracePinned& pinned = trace.AddPinned(8192);
  pinned.set_apparent_bytes(5000);
  pinned.set_removed_ns(3 * kSecond);
  *pinned.mutable_removed_at() = TraceMaker::PlaceAt(remover, "unlink");
  *pinned.add_opened_at() = TraceMaker::PlaceAt(opener, "open");
  TraceMaker::AddHolder(pinned, 2, -1).set_alive(true);
  TraceFilesystem& filesystem = trace->filesystems.emplace_back();
  filesystem.set_device(8);
  filesystem.set_mount("/mnt/data");
  const Report report = trace.Build();
  ASSERT_EQ(report.pinned_files_size(), 1);
  const PinnedFile& file = report.pinned_files(0);
  EXPECT_EQ(file.path(), "/tmp/scratch");
  EXPECT_EQ(file.device(), 8u);
  EXPECT_EQ(file.inode(), 1u);
  EXPECT_EQ(file.bytes(), 8192);
  EXPECT_EQ(file.apparent_bytes(), 5000);
  EXPECT_EQ(file.removed_by(), PinnedFile::UNLINK);
  EXPECT_EQ(file.unlinked_ns(), static_cast<int64_t>(3 * kSecond));
  EXPECT_EQ(file.seen_ns(), static_cast<int64_t>(10 * kSecond));
  EXPECT_EQ(file.open_call(), "open");
  EXPECT_EQ(file.unlink_call(), "unlink");
  ASSERT_EQ(file.opened_at_size(), 1);
  EXPECT_EQ(file.opened_at(0).function(), "make_spool");
  ASSERT_EQ(file.unlinked_at_size(), 1);
  EXPECT_EQ(file.unlinked_at(0).line(), 9u);
  EXPECT_EQ(file.mount(), "/mnt/data");
  EXPECT_FALSE(file.in_memory());
  ASSERT_EQ(file.holders_size(), 2);
  EXPECT_EQ(file.holders(0).pid(), 100u);
  EXPECT_EQ(file.holders(0).kind(), Holder::DESCRIPTOR);
  EXPECT_EQ(file.holders(0).fd(), 3);
  EXPECT_FALSE(file.holders(0).alive());
  EXPECT_EQ(file.holders(1).pid(), 200u);
  EXPECT_EQ(file.holders(1).kind(), Holder::MAPPING);
  EXPECT_TRUE(file.holders(1).alive());
}

TEST(Pinned, ComeLargestFirstAndAmongEqualsTheLargestInAppearance) {
  TraceMaker trace;
  trace.AddPinned(0).set_apparent_bytes(1);
  trace.AddPinned(4096);
  trace.AddPinned(0).set_apparent_bytes(1 << 30);
  trace.AddPinned(1 << 20);
  const Report report = trace.Build();
  EXPECT_THAT(Bytes(report), ElementsAre(1 << 20, 4096, 0, 0));
  EXPECT_EQ(report.pinned_files(2).apparent_bytes(), 1 << 30);
}

TEST(Pinned, ArePrintableWhateverTheirNames) {
  TraceMaker trace;
  trace.AddPinned(3).set_path("/tmp/a\nb (deleted)");
  trace.AddPinned(2).set_path("/tmp/caf\xe9");
  trace.AddPinned(1).set_path("/tmp/\u202efdp");
  const Report report = trace.Build();
  EXPECT_EQ(report.pinned_files(0).path(), "/tmp/a\\x0ab (deleted)");
  EXPECT_EQ(report.pinned_files(1).path(), "/tmp/caf\\xe9");
  EXPECT_EQ(report.pinned_files(2).path(), "/tmp/\\xe2\\x80\\xaefdp");
}

TEST(Pinned, AreMemoryWhereNoDiskIsBehindThem) {
  TraceMaker trace;
  trace.AddPinned(2).set_is_memory(true);
  trace.AddPinned(1).set_is_shared_memory(true);
  const Report report = trace.Build();
  EXPECT_TRUE(report.pinned_files(0).in_memory());
  EXPECT_TRUE(report.pinned_files(1).in_memory());
}

TEST(Pinned, TellHowTheNameWasLost) {
  TraceMaker trace;
  trace.AddPinned(4).set_removed_by(TracePinned::RENAME);
  trace.AddPinned(3).set_removed_by(TracePinned::BORN);
  trace.AddPinned(2).set_removed_by(TracePinned::ANOTHER_PROCESS);
  trace.AddPinned(1).set_removed_by(TracePinned::UNKNOWN);
  const Report report = trace.Build();
  EXPECT_EQ(report.pinned_files(0).removed_by(), PinnedFile::RENAME);
  EXPECT_EQ(report.pinned_files(1).removed_by(), PinnedFile::TMPFILE);
  EXPECT_EQ(report.pinned_files(2).removed_by(), PinnedFile::OTHER_PROCESS);
  EXPECT_EQ(report.pinned_files(3).removed_by(), PinnedFile::REMOVED_BY_UNKNOWN);
}

// Two addresses of one line, a line of its own.
class PinnedPlaces : public testing::Test {
 protected:
  PinnedPlaces() {
    trace_.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
    trace_.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
    trace_.AddSymbol(1, 0x20, "save", "/src/save.c", 8);
    for (const uint64_t address : {0x10, 0x18, 0x20}) trace_.AddStack({address});
  }

  TraceMaker trace_;
};

TEST_F(PinnedPlaces, TheMostFrequentOpenerStandsForAll) {
  TracePinned& pinned = trace_.AddPinned(1);
  *pinned.add_opened_at() = TraceMaker::PlaceAt(3, "open", 3);
  *pinned.add_opened_at() = TraceMaker::PlaceAt(1, "open", 2);
  *pinned.add_opened_at() = TraceMaker::PlaceAt(2, "open", 2);
  EXPECT_EQ(trace_.Build().pinned_files(0).opened_at(0).function(), "load") << "four of seven, by two addresses";
}

TEST_F(PinnedPlaces, BytesAndFilesAddUpByOpener) {
  *trace_.AddPinned(100).add_opened_at() = TraceMaker::PlaceAt(3, "open");
  *trace_.AddPinned(70).add_opened_at() = TraceMaker::PlaceAt(1, "open");
  *trace_.AddPinned(60).add_opened_at() = TraceMaker::PlaceAt(2, "open");
  trace_.AddPinned(5);
  const Report report = trace_.Build();
  ASSERT_EQ(report.pinned_sites_size(), 3);
  EXPECT_EQ(report.pinned_sites(0).bytes(), 130);
  EXPECT_EQ(report.pinned_sites(0).files(), 2u);
  EXPECT_EQ(report.pinned_sites(0).call(), "open");
  EXPECT_EQ(report.pinned_sites(0).stack(0).function(), "load");
  EXPECT_EQ(report.pinned_sites(1).bytes(), 100);
  EXPECT_EQ(report.pinned_sites(2).bytes(), 5) << "a file whose opener is not known counts as well";
  EXPECT_EQ(report.pinned_sites(2).stack_size(), 0);
}

TEST_F(PinnedPlaces, ALeakHasTheBytesOfTheFilesThatItsDescriptorsHoldOnce) {
  trace_.AddSite(1, 3, 3);
  trace_.AddSite(3, 1, 1, "dup");
  trace_.AddDescriptor(1, 3);
  trace_.AddDescriptor(1, 4);
  trace_.AddDescriptor(1, 5);
  trace_.AddDescriptor(2, 6);
  TracePinned& twice = trace_.AddPinned(100, 3);
  TraceMaker::AddHolder(twice, 1, 4);
  TraceMaker::AddHolder(twice, 1, 6);
  trace_.AddPinned(20, 5);
  trace_.AddPinned(1000, -1);
  const Report report = trace_.Build();
  ASSERT_EQ(report.leaks_size(), 2);
  EXPECT_EQ(report.leaks(0).pinned_bytes(), 120);
  EXPECT_EQ(report.leaks(1).call(), "dup");
  EXPECT_EQ(report.leaks(1).pinned_bytes(), 100);
}

TEST_F(PinnedPlaces, ADescriptorThatCameByForkCountsForThePlaceThatOpenedTheFile) {
  trace_.AddProcess(2, 200);
  trace_.AddSite(1, 1, 1);
  trace_.AddDescriptor(1, 3);
  TracePinned& pinned = trace_.AddPinned(100, -1);
  TraceMaker::AddHolder(pinned, 2, 3);
  *pinned.add_opened_at() = TraceMaker::PlaceAt(2, "open");
  EXPECT_EQ(trace_.Build().leaks(0).pinned_bytes(), 100);
}

TEST(Pinned, NothingIsInTheReportOfATraceWithoutTheRecords) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 1, 1);
  const Report report = trace.Build();
  EXPECT_THAT(report.pinned_files(), IsEmpty());
  EXPECT_THAT(report.pinned_sites(), IsEmpty());
  EXPECT_THAT(report.pinned_filesystems(), IsEmpty());
  EXPECT_THAT(report.leftovers(), IsEmpty());
  EXPECT_THAT(report.writers(), IsEmpty());
  EXPECT_THAT(report.leaks(), SizeIs(1));
  EXPECT_EQ(report.leaks(0).pinned_bytes(), 0);
}

}  // namespace
}  // namespace fdtrace
