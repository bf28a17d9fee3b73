// Which bytes files without a name keep, what is left behind, and who writes: on real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kSecond = 1'000'000'000;

bool IsMemory(const std::string& path) {
  struct statfs filesystem;
  return statfs(path.c_str(), &filesystem) == 0 && filesystem.f_type == TMPFS_MAGIC;
}

// How a file of `pins` is to be reported.
struct Expected {
  std::string name;  // in the functions that open and remove it, and in what the program prints
  int64_t apparent_bytes;
  PinnedFile::RemovedBy removed_by;
  std::string path;
  std::vector<std::pair<Holder::Kind, int>> holders;  // kinds and how many
};

std::vector<Expected> SevenPins() {
  const std::pair<Holder::Kind, int> one = {Holder::DESCRIPTOR, 1};
  return {
      {"descriptor", 8 * kMebibyte, PinnedFile::UNLINK, "descriptor", {one}},
      {"mapped", 6 * kMebibyte, PinnedFile::UNLINK, "mapped", {{Holder::MAPPING, 1}}},
      {"replaced", 5 * kMebibyte, PinnedFile::RENAME, "replaced", {one}},
      {"twice", 4 * kMebibyte, PinnedFile::UNLINK, "twice", {{Holder::DESCRIPTOR, 2}}},
      {"nameless", 3 * kMebibyte, PinnedFile::TMPFILE, "", {one}},
      {"stream", 2 * kMebibyte, PinnedFile::UNLINK, "stream", {one}},
      {"sparse", 1 << 30, PinnedFile::UNLINK, "sparse", {one}},
  };
}

// What `pins` printed of the bytes of each file.
std::map<std::string, int64_t> PrintedBytes(const std::string& out) {
  std::map<std::string, int64_t> bytes;
  std::istringstream lines(out);
  std::string name;
  for (int64_t number; lines >> name >> number;) bytes[name] = number;
  return bytes;
}

void ExpectPinned(const PinnedFile& file, const Expected& expected, const std::string& directory, int64_t bytes) {
  SCOPED_TRACE(expected.name + ": " + file.ShortDebugString());
  EXPECT_EQ(file.bytes(), bytes);
  EXPECT_EQ(file.apparent_bytes(), expected.apparent_bytes);
  EXPECT_EQ(file.removed_by(), expected.removed_by);
  // "opens_again" is the other place that opened this one.
  const std::string opener = FunctionOf(file.opened_at());
  EXPECT_TRUE(opener == "opens_" + expected.name || (expected.name == "twice" && opener == "opens_again")) << opener;
  if (expected.removed_by != PinnedFile::TMPFILE) {
    EXPECT_EQ(file.path(), directory + "/" + expected.path);
    EXPECT_EQ(FunctionOf(file.unlinked_at()), "removes_" + expected.name);
  }
  EXPECT_EQ(file.in_memory(), IsMemory(directory));
  std::map<Holder::Kind, int> holders;
  for (const Holder& holder : file.holders()) {
    ++holders[holder.kind()];
    EXPECT_FALSE(holder.alive());
  }
  const std::map<Holder::Kind, int> wanted(expected.holders.begin(), expected.holders.end());
  EXPECT_EQ(holders, wanted);
  EXPECT_EQ(file.remedies_size(), 0) << "nobody is there to be helped";
}

void ExpectSevenPins(const Traced& traced, const std::string& directory) {
  const Report& report = traced.report;
  std::map<std::string, int64_t> bytes = PrintedBytes(traced.ran.out);
  const std::vector<Expected> all = SevenPins();
  ASSERT_EQ(report.pinned_files_size(), static_cast<int>(all.size())) << DescribeFiles(report) << Describe(report);
  int64_t sum = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(bytes.count(all[i].name), 1u) << traced.ran.out;
    ExpectPinned(report.pinned_files(static_cast<int>(i)), all[i], directory, bytes[all[i].name]);
    sum += report.pinned_files(static_cast<int>(i)).bytes();
  }
  EXPECT_EQ(sum, 28 * kMebibyte);
  int64_t by_site = 0;
  for (const PinnedSite& site : report.pinned_sites()) by_site += site.bytes();
  EXPECT_EQ(by_site, sum);
}

TEST(Pins, AreSevenOf28MebibytesWhicheverWayTheyCameAbout) {
  const TemporaryDirectory directory;
  const std::string text = directory.path() + "/report.txt";
  const Traced traced = Trace({Program("pins"), directory.path()}, {"-r", text});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  ExpectSevenPins(traced, directory.path());
  EXPECT_EQ(LeakIn(traced.report, "opens_descriptor").pinned_bytes(), 8 * kMebibyte);
  std::stringstream shown;
  shown << std::ifstream(text).rdbuf();
  EXPECT_THAT(shown.str(), HasSubstr("\nPINNED   28 MiB of "));
}

TEST(Pins, AreTheSameAfterSigkillAndTheReportKnowsHowOldItsSizesAre) {
  const TemporaryDirectory directory;
  const std::string text = directory.path() + "/report.txt";
  const Traced traced = Trace({Program("pins"), directory.path(), "kill"}, {"-r", text});
  EXPECT_EQ(traced.ran.status, 128 + SIGKILL) << traced.ran.err;
  ExpectSevenPins(traced, directory.path());
  const int64_t end_ns = traced.report.recording().duration_ns();
  for (const PinnedFile& file : traced.report.pinned_files()) {
    EXPECT_LT(file.seen_ns(), end_ns);
    EXPECT_GT(file.seen_ns(), end_ns - 2 * kSecond);
    EXPECT_GT(end_ns - file.unlinked_ns(), kSecond) << "it slept for 1.5 s since";
  }
  std::stringstream shown;
  shown << std::ifstream(text).rdbuf();
  EXPECT_THAT(shown.str(), HasSubstr(" before the end of pid "));
}

TEST(Pins, AreDrawnOverTimeAndTheirPeakNamed) {
  const TemporaryDirectory directory;
  const Report report = Trace({Program("pins"), directory.path(), "kill"}).report;
  int64_t most = 0;
  for (const TimelinePoint& point : report.timeline()) most = std::max(most, point.pinned_bytes());
  EXPECT_GE(most, 28 * kMebibyte) << DescribeFiles(report) << Describe(report);
  ASSERT_EQ(report.pinned_filesystems_size(), 1) << DescribeFiles(report) << Describe(report);
  const PinnedFilesystem& filesystem = report.pinned_filesystems(0);
  EXPECT_GE(filesystem.peak_bytes(), 28 * kMebibyte);
  EXPECT_FALSE(filesystem.type().empty());
  EXPECT_THAT(directory.path(), StartsWith(filesystem.mount()));
  ASSERT_GE(filesystem.peak_sites_size(), 1);
  EXPECT_THAT(FunctionOf(filesystem.peak_sites(0).stack()), ::testing::AnyOf("opens_closed", "opens_descriptor"));
}

TEST(Pins, OfOneProcessUnlinkedByAnotherAndHeldByAThirdAreOneRow) {
  const TemporaryDirectory directory;
  const Traced traced = Trace({Program("pin"), "relay", directory.path() + "/file"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Report& report = traced.report;
  ASSERT_EQ(report.pinned_files_size(), 1) << DescribeFiles(report) << Describe(report);
  const PinnedFile& file = report.pinned_files(0);
  EXPECT_EQ(file.bytes(), kMebibyte);
  EXPECT_EQ(FunctionOf(file.opened_at()), "opens_file");
  EXPECT_EQ(FunctionOf(file.unlinked_at()), "removes_file");
  EXPECT_EQ(file.removed_by(), PinnedFile::UNLINK);
  ASSERT_EQ(report.processes_size(), 3) << DescribeFiles(report) << Describe(report);
  uint32_t holder = 0;
  for (const Process& process : report.processes()) {
    if (process.command_line_size() == 2 && process.command_line(1) == "held") holder = process.pid();
  }
  // The remover, a fork, had it too until it ended.
  const auto held = std::find_if(file.holders().begin(), file.holders().end(),
                                 [&](const Holder& one) { return one.pid() == holder; });
  ASSERT_NE(held, file.holders().end()) << DescribeFiles(report) << Describe(report);
  EXPECT_EQ(held->kind(), Holder::DESCRIPTOR);
  EXPECT_EQ(held->fd(), 3);
}

// What the kernel says is allocated for all files of a directory.
int64_t BytesIn(const std::string& directory) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    struct stat file;
    if (stat(entry.path().c_str(), &file) == 0) bytes += file.st_blocks * 512;
  }
  return bytes;
}

TEST(LeftBehind, FortyTemporaryFilesAreOneRow) {
  const TemporaryDirectory directory;
  const Traced traced = Trace({"/usr/bin/python3", "-c",
                               "import os, sys, tempfile\n"
                               "for _ in range(40):\n"
                               "  fd, path = tempfile.mkstemp(dir=sys.argv[1])\n"
                               "  os.write(fd, b'x' * 8192)\n"
                               "  os.close(fd)\n",
                               directory.path()});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Report& report = traced.report;
  EXPECT_EQ(report.pinned_files_size(), 0) << DescribeFiles(report) << Describe(report);
  ASSERT_EQ(report.leftovers_size(), 1) << DescribeFiles(report) << Describe(report);
  const Leftover& left = report.leftovers(0);
  EXPECT_EQ(left.directory(), directory.path());
  EXPECT_THAT(left.pattern(), StartsWith("tmp*"));
  EXPECT_EQ(left.files(), 40u);
  EXPECT_EQ(left.bytes(), BytesIn(directory.path()));
  EXPECT_EQ(left.apparent_bytes(), 40 * 8192);
  EXPECT_TRUE(left.temporary());
  EXPECT_GT(left.created_at_size(), 0);
}

TEST(LeftBehind, AreOnlyFilesThatTheProgramMadeAndThatAreThereAtTheEnd) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/before") << "here first";
  const Report report = Trace({"/bin/sh", "-c",
                               "cd " + directory.path() +
                                   " && echo a >before && echo b >removed && rm removed && echo c >renamed && "
                                   "mv renamed kept && echo d >kept_too"})
                            .report;
  std::vector<std::string> names;
  for (const Leftover& left : report.leftovers()) {
    EXPECT_EQ(left.directory(), directory.path()) << DescribeFiles(report) << Describe(report);
    EXPECT_EQ(left.files(), 1u) << DescribeFiles(report) << Describe(report);
    names.push_back(left.pattern());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("kept", "kept_too")) << DescribeFiles(report) << Describe(report);
}

TEST(LeftBehind, ANameThatWasThereBeforeIsNotWhenItsFileIsReplaced) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/config") << "a\n";
  const Traced traced = Trace({"sed", "-i", "s/a/b/", directory.path() + "/config"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.report.leftovers_size(), 0) << DescribeFiles(traced.report);
}

TEST(Writers, DdIsTheFirstWithExactlyItsBytes) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/out";
  const Traced traced = Trace({"dd", "if=/dev/zero", "of=" + path, "bs=65536", "count=100"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  ASSERT_GE(traced.report.writers_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
  const Writer& first = traced.report.writers(0);
  EXPECT_EQ(first.path(), path);
  EXPECT_EQ(first.bytes(), 6'553'600);
  EXPECT_EQ(first.files(), 1u);
}

TEST(Writers, ALogIsCountedByWhatItGrewNotByItsSize) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/log";
  std::ofstream(path) << std::string(100'000, 'x');
  const Traced traced = Trace({"/usr/bin/python3", "-c",
                               "import sys\n"
                               "for _ in range(10):\n"
                               "  with open(sys.argv[1], 'a') as log: log.write('y' * 1000)\n",
                               path});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  ASSERT_GE(traced.report.writers_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
  // The interpreter may have reached the same line in two ways.
  int64_t bytes = 0;
  for (const Writer& writer : traced.report.writers()) bytes += writer.path() == path ? writer.bytes() : 0;
  EXPECT_EQ(bytes, 10'000) << DescribeFiles(traced.report);
}

TEST(RealPrograms, ThatCleanUpPinNothing) {
  const std::vector<std::string> lines = {
      "/usr/bin/python3 -c \"import sqlite3; d = sqlite3.connect('db'); d.execute('pragma journal_mode=wal'); "
      "d.execute('create table t(x)'); [d.execute('insert into t values(?)', ('y' * 1000,)) for _ in range(500)]; "
      "d.commit(); print(d.execute('select count(*) from t').fetchone()[0]); d.close()\"",
      "seq 200000 -1 1 | sort -n -S 1M -T . -o sorted; head -n 1 sorted",
      "export GIT_CONFIG_GLOBAL=/dev/null; git init -q . && git config user.name a && git config user.email "
      "a@example.com && for i in 1 2 3; do seq $i 1000 >f; git add f; git commit -qm c$i; done; git gc -q; git "
      "count-objects",
  };
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    const TemporaryDirectory one;
    const TemporaryDirectory other;
    const Ran bare = RunBare({"/bin/sh", "-c", "cd " + one.path() + " && " + line});
    const Traced traced = Trace({"/bin/sh", "-c", "cd " + other.path() + " && " + line});
    EXPECT_EQ(bare.status, 0) << bare.err;
    EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
    EXPECT_EQ(traced.ran.out, bare.out);
    EXPECT_EQ(traced.report.pinned_files_size(), 0) << DescribeFiles(traced.report) << Describe(traced.report);
    EXPECT_GT(traced.report.writers_size(), 0) << DescribeFiles(traced.report) << Describe(traced.report);
    for (const Leftover& left : traced.report.leftovers()) {
      EXPECT_THAT(left.directory(), StartsWith(other.path()))
          << DescribeFiles(traced.report) << Describe(traced.report);
      if (line.find("sort ") != line.npos) {
        EXPECT_EQ(left.pattern(), "sorted") << DescribeFiles(traced.report) << Describe(traced.report);
      }
    }
  }
}

}  // namespace
}  // namespace fdtrace
