#include "proto/trace_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/crc32c.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kHeader = 12;

class TraceFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/trace_file_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ + "/x.fdt";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::string Bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }
  static void Put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string directory_;
  std::string path_;
};

TraceRecord Process(uint32_t serial) {
  TraceRecord record;
  record.mutable_process()->set_serial(serial);
  record.mutable_process()->set_executable("/usr/bin/python3");
  return record;
}

// Writes blocks of `per_block` records each, numbered from 1.
void WriteTrace(const std::string& path, uint32_t blocks, uint32_t per_block) {
  auto writer = TraceWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (uint32_t serial = 1; serial <= blocks * per_block; ++serial) {
    ASSERT_TRUE((*writer)->Append(Process(serial)).ok());
    if (serial % per_block == 0) {
      ASSERT_TRUE((*writer)->Flush().ok());
    }
  }
  ASSERT_TRUE((*writer)->Close().ok());
}

struct Outcome {
  absl::Status status;
  std::vector<TraceRecord> records;
  std::string damage;
};

Outcome ReadTrace(const std::string& path) {
  Outcome outcome;
  auto reader = TraceReader::Open(path);
  outcome.status = reader.status();
  if (!reader.ok()) return outcome;
  TraceRecord record;
  while ((*reader)->Next(record)) outcome.records.push_back(record);
  EXPECT_FALSE((*reader)->Next(record)) << "the end must stay the end";
  outcome.damage = (*reader)->damage();
  return outcome;
}

std::vector<uint32_t> Serials(const Outcome& outcome) {
  std::vector<uint32_t> serials;
  for (const TraceRecord& record : outcome.records) serials.push_back(record.process().serial());
  return serials;
}

std::vector<uint32_t> UpTo(uint32_t last) {
  std::vector<uint32_t> serials;
  for (uint32_t serial = 1; serial <= last; ++serial) serials.push_back(serial);
  return serials;
}

std::string LittleEndian(uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

std::string Block(const std::string& raw) {
  std::string compressed(ZSTD_compressBound(raw.size()), '\0');
  compressed.resize(ZSTD_compress(compressed.data(), compressed.size(), raw.data(), raw.size(), 1));
  return LittleEndian(compressed.size()) + LittleEndian(raw.size()) + LittleEndian(Crc32c(compressed)) + compressed;
}

// The file offsets where blocks begin, and the file's end.
std::vector<size_t> Boundaries(const std::string& bytes) {
  std::vector<size_t> boundaries = {kHeader};
  while (boundaries.back() < bytes.size()) {
    uint32_t size = 0;
    for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(bytes[boundaries.back() + i]);
    boundaries.push_back(boundaries.back() + 12 + size);
  }
  return boundaries;
}

TEST_F(TraceFileTest, GivesBackWhatWasAppendedInOrder) {
  WriteTrace(path_, 1, 1000);
  const Outcome outcome = ReadTrace(path_);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(Serials(outcome), UpTo(1000));
  EXPECT_THAT(outcome.damage, IsEmpty());
}

TEST_F(TraceFileTest, IsItsOwnersAloneEvenWhereOthersCouldReadWhatItReplaces) {
  const mode_t mask = umask(0);
  for (const bool replaces : {false, true}) {
    if (replaces) chmod(path_.c_str(), 0666);
    ASSERT_TRUE(TraceWriter::Create(path_).value()->Close().ok());
    struct stat file;
    ASSERT_EQ(stat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  umask(mask);
}

TEST_F(TraceFileTest, ATraceWithoutRecordsIsEmptyButSound) {
  WriteTrace(path_, 0, 1);
  const Outcome outcome = ReadTrace(path_);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(outcome.records, IsEmpty());
  EXPECT_THAT(outcome.damage, IsEmpty());
}

TEST_F(TraceFileTest, RecordsFillSeveralBlocksAndMayBeLargerThanOne) {
  std::mt19937 random(1);
  auto writer = TraceWriter::Create(path_);
  ASSERT_TRUE(writer.ok()) << writer.status();
  std::vector<std::string> expected;
  for (const size_t size : {10u, 200'000u, 3'000'000u, 100'000u, 1u, 262'144u, 5u}) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    TraceRecord record;
    record.mutable_process()->set_executable(text);
    ASSERT_TRUE((*writer)->Append(record).ok());
    expected.push_back(std::move(text));
  }
  ASSERT_TRUE((*writer)->Close().ok());

  const Outcome outcome = ReadTrace(path_);
  ASSERT_EQ(outcome.records.size(), expected.size()) << outcome.damage;
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(outcome.records[i].process().executable(), expected[i]) << i;
  EXPECT_GE(Boundaries(Bytes(path_)).size(), 5u);
}

TEST_F(TraceFileTest, ARecordLargerThanABlockMayBeIsRefused) {
  auto writer = TraceWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  TraceRecord record;
  record.mutable_process()->set_executable(std::string(size_t{64} * 1024 * 1024, 'x'));
  EXPECT_THAT(std::string((*writer)->Append(record).message()), HasSubstr(path_));
  EXPECT_TRUE((*writer)->Append(Process(1)).ok()) << "the trace itself goes on";
  EXPECT_TRUE((*writer)->Close().ok());
  EXPECT_EQ(Serials(ReadTrace(path_)), UpTo(1));
}

TEST_F(TraceFileTest, FlushedRecordsAreReadableWhileTheTraceIsStillWritten) {
  auto writer = TraceWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(Process(1)).ok());
  ASSERT_TRUE((*writer)->Flush().ok());
  ASSERT_TRUE((*writer)->Append(Process(2)).ok());
  EXPECT_EQ(Serials(ReadTrace(path_)), UpTo(1));
}

TEST_F(TraceFileTest, AClosedTraceTakesNoMore) {
  auto writer = TraceWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(Process(1)).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_FALSE((*writer)->Append(Process(2)).ok());
  EXPECT_FALSE((*writer)->Flush().ok());
  EXPECT_FALSE((*writer)->Close().ok());
  EXPECT_EQ(Serials(ReadTrace(path_)), UpTo(1));
}

TEST_F(TraceFileTest, ATraceCutAnywhereGivesItsWholeBlocksAndSaysWhereItEnds) {
  WriteTrace(path_, 4, 3);
  const std::string whole = Bytes(path_);
  const std::vector<size_t> boundaries = Boundaries(whole);
  ASSERT_EQ(boundaries.size(), 5u);
  const std::string cut = directory_ + "/cut.fdt";
  for (size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    Put(cut, whole.substr(0, size));
    const Outcome outcome = ReadTrace(cut);
    EXPECT_EQ(outcome.status.ok(), size >= kHeader) << outcome.status;
    if (size < kHeader) continue;
    uint32_t blocks = 0;
    while (blocks + 1 < boundaries.size() && boundaries[blocks + 1] <= size) ++blocks;
    EXPECT_EQ(Serials(outcome), UpTo(3 * blocks));
    EXPECT_EQ(outcome.damage,
              boundaries[blocks] == size ? "" : "the trace is cut short at byte " + std::to_string(size));
  }
}

TEST_F(TraceFileTest, AnyFlippedBitIsNoticedAndTheBlocksBeforeItAreReturned) {
  WriteTrace(path_, 3, 3);
  const std::string whole = Bytes(path_);
  const std::vector<size_t> boundaries = Boundaries(whole);
  const std::string flipped = directory_ + "/flipped.fdt";
  for (size_t at = kHeader; at < whole.size(); ++at) {
    SCOPED_TRACE(at);
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << (at % 8));
    Put(flipped, bytes);
    const Outcome outcome = ReadTrace(flipped);
    ASSERT_TRUE(outcome.status.ok());
    uint32_t block = 0;
    while (boundaries[block + 1] <= at) ++block;
    EXPECT_EQ(Serials(outcome), UpTo(3 * block));
    EXPECT_THAT(outcome.damage, HasSubstr(" at byte "));
  }
}

TEST_F(TraceFileTest, ImpossibleSizesAreRefusedBeforeMemoryIsTaken) {
  const std::string header = std::string("fdtrace\n") + LittleEndian(1);
  for (const std::string& sizes :
       {LittleEndian(0xffffffff) + LittleEndian(0xffffffff), LittleEndian(10) + LittleEndian(64 * 1024 * 1024 + 1),
        LittleEndian(0xffffffff) + LittleEndian(100), LittleEndian(0) + LittleEndian(100),
        LittleEndian(100) + LittleEndian(0)}) {
    Put(path_, header + sizes + LittleEndian(0) + std::string(1000, 'x'));
    EXPECT_EQ(ReadTrace(path_).damage, "the trace is damaged: a block with impossible sizes begins at byte 12");
  }
}

TEST_F(TraceFileTest, ARecordThatCannotBeReadIsNamedAndThoseBeforeItAreReturned) {
  std::string raw;
  const std::string good = Process(1).SerializeAsString();
  raw.push_back(static_cast<char>(good.size()));
  raw += good;
  const std::string header = std::string("fdtrace\n") + LittleEndian(1);
  for (const std::string& bad : {std::string("\x05\xff\xff\xff\xff\xff"), std::string("\x7f\x01"),
                                 std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), std::string("\x80")}) {
    Put(path_, absl::StrCat(header, Block(absl::StrCat(raw, bad)), Block(raw)));
    const Outcome outcome = ReadTrace(path_);
    EXPECT_EQ(Serials(outcome), UpTo(1));
    EXPECT_EQ(outcome.damage, "the trace is damaged: a record that cannot be read is " + std::to_string(raw.size()) +
                                  " bytes into the block at byte 12");
  }
}

// Mutations of a small trace, with checksums mended half the time so that they reach zstd and protobuf.
TEST_F(TraceFileTest, MutatedTracesNeverCrashTheReader) {
  WriteTrace(path_, 3, 3);
  const std::string whole = Bytes(path_);
  const std::vector<size_t> boundaries = Boundaries(whole);
  const std::string mutated = directory_ + "/mutated.fdt";
  std::mt19937 random(20240917);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = whole;
    for (uint32_t change = 1 + random() % 4; change > 0; --change) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.insert(at, 1 + random() % 8, static_cast<char>(random()));
          break;
        case 2:
          bytes.erase(at, 1 + random() % 8);
          break;
        default:
          bytes.replace(at, 4, LittleEndian(random() % 2 ? random() : 0xffffffff));
      }
      if (bytes.empty()) bytes = "f";
    }
    if (random() % 2 && bytes.size() == whole.size()) {
      for (size_t block = 0; block + 1 < boundaries.size(); ++block) {
        const size_t begin = boundaries[block] + 12;
        const std::string compressed = bytes.substr(begin, boundaries[block + 1] - begin);
        bytes.replace(begin - 4, 4, LittleEndian(Crc32c(compressed)));
      }
    }
    Put(mutated, bytes);
    const Outcome outcome = ReadTrace(mutated);
    if (!outcome.status.ok()) {
      EXPECT_THAT(std::string(outcome.status.message()), HasSubstr(mutated));
    }
    EXPECT_LE(outcome.records.size(), 1000u);
  }
}

// As above, inside the blocks: records that are not what they say.
TEST_F(TraceFileTest, MutatedRecordsNeverCrashTheReader) {
  std::string raw;
  for (uint32_t serial = 1; serial <= 5; ++serial) {
    const std::string record = Process(serial).SerializeAsString();
    raw.push_back(static_cast<char>(record.size()));
    raw += record;
  }
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = raw;
    for (uint32_t change = 1 + random() % 4; change > 0; --change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(1 + random() % bytes.size());
    Put(path_, std::string("fdtrace\n") + LittleEndian(1) + Block(bytes));
    const Outcome outcome = ReadTrace(path_);
    ASSERT_TRUE(outcome.status.ok());
    EXPECT_LE(outcome.records.size(), bytes.size());
  }
}

TEST_F(TraceFileTest, WhatIsNoTraceIsRefusedByName) {
  Put(path_, "");
  EXPECT_EQ(ReadTrace(path_).status.message(), "cannot read " + path_ + ": the file is empty");
  Put(path_, "PK\x03\x04 something else altogether");
  EXPECT_EQ(ReadTrace(path_).status.message(), "cannot read " + path_ + ": not an fdtrace trace");
  Put(path_, "hi");
  EXPECT_EQ(ReadTrace(path_).status.message(), "cannot read " + path_ + ": not an fdtrace trace");
  Put(path_, "fdtrace\n\x01");
  EXPECT_EQ(ReadTrace(path_).status.message(),
            "cannot read " + path_ + ": the trace is cut short at byte 9, in its header");
  EXPECT_EQ(ReadTrace(directory_).status.message(), "cannot read " + directory_ + ": it is a directory");
  const std::string absent = directory_ + "/absent.fdt";
  EXPECT_EQ(ReadTrace(absent).status.message(), "cannot read " + absent + ": No such file or directory");
}

TEST_F(TraceFileTest, ANewerTraceAsksForAnUpdate) {
  Put(path_, std::string("fdtrace\n") + LittleEndian(2) + "whatever");
  const std::string expected =
      path_ + " was written by a newer fdtrace (trace version 2; this one reads up to 1): update fdtrace";
  EXPECT_EQ(ReadTrace(path_).status.message(), expected);
  EXPECT_EQ(TraceWriter::Extend(path_).status().message(), expected);
  EXPECT_THAT(Bytes(path_), HasSubstr("whatever")) << "a trace that is refused is left alone";
}

TEST_F(TraceFileTest, ExtendGoesOnAfterTheLastBlock) {
  WriteTrace(path_, 2, 2);
  auto writer = TraceWriter::Extend(path_);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append(Process(5)).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_EQ(Serials(ReadTrace(path_)), UpTo(5));
}

TEST_F(TraceFileTest, ExtendDropsATornBlock) {
  WriteTrace(path_, 3, 2);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 3);
  auto writer = TraceWriter::Extend(path_);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append(Process(5)).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  const Outcome outcome = ReadTrace(path_);
  EXPECT_EQ(Serials(outcome), UpTo(5));
  EXPECT_THAT(outcome.damage, IsEmpty());
}

TEST_F(TraceFileTest, ExtendRefusesWhatIsNoTrace) {
  EXPECT_THAT(std::string(TraceWriter::Extend(path_).status().message()), HasSubstr("No such file"));
  Put(path_, "somebody's letters");
  EXPECT_THAT(std::string(TraceWriter::Extend(path_).status().message()), HasSubstr("not an fdtrace trace"));
  EXPECT_EQ(Bytes(path_), "somebody's letters");
}

TEST_F(TraceFileTest, CreateReplacesALongerFileEntirely) {
  WriteTrace(path_, 10, 100);
  WriteTrace(path_, 1, 2);
  const Outcome outcome = ReadTrace(path_);
  EXPECT_EQ(Serials(outcome), UpTo(2));
  EXPECT_THAT(outcome.damage, IsEmpty());
}

TEST_F(TraceFileTest, CreateSaysPlainlyWhyItCannot) {
  const std::string orphan = directory_ + "/nowhere/x.fdt";
  EXPECT_EQ(TraceWriter::Create(orphan).status().message(),
            "cannot write " + orphan + ": there is no directory " + directory_ + "/nowhere");
  EXPECT_EQ(TraceWriter::Create(directory_).status().message(), "cannot write " + directory_ + ": Is a directory");
  EXPECT_EQ(TraceWriter::Create("/dev/full").status().message(), "cannot write /dev/full: No space left on device");
}

TEST_F(TraceFileTest, AFileThatMayNotBeWrittenIsLeftAsItWas) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write anything";
  Put(path_, "precious");
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  EXPECT_EQ(TraceWriter::Create(path_).status().message(), "cannot write " + path_ + ": Permission denied");
  EXPECT_EQ(Bytes(path_), "precious");
}

// A limit on the file's size stands for a full disk: write(2) refuses in the middle of a block.
TEST_F(TraceFileTest, AFailedWriteNamesThePathAndLeavesAReadableTrace) {
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto old = std::signal(SIGXFSZ, SIG_IGN);

  auto writer = TraceWriter::Create(path_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(Process(1)).ok());
  ASSERT_TRUE((*writer)->Flush().ok());
  const size_t whole = Bytes(path_).size();
  const struct rlimit small = {whole + 100, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::mt19937 random(3);
  TraceRecord large;
  for (int i = 0; i < 5000; ++i) large.mutable_process()->mutable_executable()->push_back(static_cast<char>(random()));
  EXPECT_TRUE((*writer)->Append(large).ok());
  const absl::Status flushed = (*writer)->Flush();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old);

  EXPECT_EQ(flushed.message(), "cannot write " + path_ + ": File too large");
  EXPECT_EQ((*writer)->Append(Process(2)), flushed) << "the first failure is kept";
  EXPECT_EQ((*writer)->Close(), flushed);
  EXPECT_EQ(Bytes(path_).size(), whole);
  EXPECT_EQ(Serials(ReadTrace(path_)), UpTo(1));
}

TEST_F(TraceFileTest, NoDescriptorOfATraceOutlivesExec) {
  WriteTrace(path_, 1, 1);
  auto reader = TraceReader::Open(path_);
  auto writer = TraceWriter::Extend(path_);
  ASSERT_TRUE(reader.ok() && writer.ok());
  EXPECT_NE(std::system(("ls -l /proc/self/fd/ | grep -q '" + path_ + "'").c_str()), 0);
}

}  // namespace
}  // namespace fdtrace
