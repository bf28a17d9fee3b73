#include "collector/ring_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RingReaderTest : public ::testing::Test {
 protected:
  void WriteBytes(const std::string& bytes) {
    const uint64_t head = header_.head.load();
    for (size_t i = 0; i < bytes.size(); ++i) (*data_)[(head + i) % kRingBytes] = static_cast<unsigned char>(bytes[i]);
    header_.head.store(head + bytes.size());
  }
  void Write(const std::string& record) {
    const auto length = static_cast<uint32_t>(record.size());
    WriteBytes(std::string(reinterpret_cast<const char*>(&length), sizeof length) + record);
  }
  std::vector<std::string> ReadAll() {
    std::vector<std::string> records;
    if (reader_.Look(header_)) {
      while (true) {
        const auto record = reader_.Next(data_->data(), scratch_);
        if (record.empty()) break;
        records.emplace_back(record.begin(), record.end());
      }
    }
    reader_.Release(header_);
    return records;
  }
  // Moves everything on, so that the next record starts AT bytes past the ring's start.
  void StartAt(uint64_t at) {
    while (header_.head.load() % kRingBytes != at) {
      Write(std::string(
          std::min<uint64_t>((at + kRingBytes - header_.head.load() % kRingBytes - 1) % kRingBytes + 1 - 4, 1000),
          'p'));
      ReadAll();
    }
  }

  RingHeader header_ = {};
  std::unique_ptr<std::array<unsigned char, kRingBytes>> data_ =
      std::make_unique<std::array<unsigned char, kRingBytes>>();
  RingReader reader_;
  RingReader::Scratch scratch_;
};

TEST_F(RingReaderTest, ReadsWhatWasPublishedAndGivesTheRoomBack) {
  EXPECT_THAT(ReadAll(), IsEmpty());
  Write("one");
  Write("two");
  EXPECT_THAT(ReadAll(), ElementsAre("one", "two"));
  EXPECT_EQ(header_.tail.load(), header_.head.load());
  EXPECT_THAT(ReadAll(), IsEmpty());
}

TEST_F(RingReaderTest, ReadsOnlyWhatWasThereWhenItLooked) {
  Write("one");
  ASSERT_TRUE(reader_.Look(header_));
  Write("two");
  EXPECT_EQ(reader_.Next(data_->data(), scratch_).size(), 3u);
  EXPECT_TRUE(reader_.Next(data_->data(), scratch_).empty());
  EXPECT_EQ(reader_.damages(), 0u);
  EXPECT_THAT(ReadAll(), ElementsAre("two"));
}

TEST_F(RingReaderTest, ReadsRecordsAndLengthsThatWrapAroundAnywhere) {
  for (uint64_t back = 1; back <= 12; ++back) {
    StartAt(kRingBytes - back);
    Write("12345678");
    Write("next");
    EXPECT_THAT(ReadAll(), ElementsAre("12345678", "next")) << back << " bytes before the end";
  }
  EXPECT_EQ(reader_.damages(), 0u);
}

TEST_F(RingReaderTest, ReadsAFullRing) {
  uint64_t written = 0;
  while (header_.head.load() + 104 <= kRingBytes) {
    Write(std::string(100, static_cast<char>('a' + written % 26)));
    ++written;
  }
  const std::vector<std::string> records = ReadAll();
  ASSERT_EQ(records.size(), written);
  for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i][0], static_cast<char>('a' + i % 26));
}

TEST_F(RingReaderTest, ReadsTheLongestRecord) {
  Write(std::string(kMaxEventBytes, 'x'));
  EXPECT_THAT(ReadAll(), ElementsAre(std::string(kMaxEventBytes, 'x')));
}

TEST_F(RingReaderTest, GivesUpTheRestAtAnImpossibleLengthAndGoesOnAfterIt) {
  const std::vector<std::string> damages = {
      std::string("\0\0\0\0rest", 8),          // no record is empty
      std::string("\x01\x10\0\0rest", 8),      // longer than any
      std::string("\x05\0\0\0rest", 8),        // beyond what is published
      std::string("\xff\xff\xff\xffrest", 8),  // wraps in 32 bits
      std::string("\x01\0", 2),                // half a length
  };
  for (size_t i = 0; i < damages.size(); ++i) {
    Write("good");
    WriteBytes(damages[i]);
    EXPECT_THAT(ReadAll(), ElementsAre("good")) << i;
    EXPECT_EQ(reader_.damages(), i + 1);
    Write("again");
    EXPECT_THAT(ReadAll(), ElementsAre("again")) << i;
  }
}

TEST_F(RingReaderTest, GoesOnFromAHeadThatWentBackOrTooFar) {
  Write("one");
  ReadAll();
  header_.head.store(2);
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_EQ(reader_.damages(), 1u);
  EXPECT_EQ(header_.tail.load(), 2u);
  Write("two");
  EXPECT_THAT(ReadAll(), ElementsAre("two"));
  header_.head.fetch_add(kRingBytes + 1);
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_EQ(reader_.damages(), 2u);
  Write("three");
  EXPECT_THAT(ReadAll(), ElementsAre("three"));
}

}  // namespace
}  // namespace fdtrace
