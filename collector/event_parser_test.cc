#include "collector/event_parser.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "collector/model_testing.h"
#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

constexpr int64_t kNow = 1'000'000;

// As protobuf reads the whole; "no event" where it cannot.
std::string Expected(const std::string& bytes) {
  Event event;
  if (!event.ParseFromString(bytes)) return "no event";
  event.set_at_ns(std::min<uint64_t>(event.at_ns(), kNow));
  return event.SerializeAsString();
}

std::string Got(EventParser& parser, const std::string& bytes) {
  const Event* const event = parser.Parse({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, kNow);
  return event == nullptr ? "no event" : event->SerializeAsString();
}

std::vector<std::string> Records() {
  const FileFacts file = {.device = 1, .inode = 2, .links = 1, .bytes = 4096, .apparent_bytes = 7};
  std::vector<std::string> records;
  for (const Event& event :
       {OpenedEvent(5, {.id = Id(1, 1), .fd = 7, .stack = 11, .path = "/etc/passwd", .file = file, .created = true}),
        OpenedEvent(6, {.id = Id(1, 2), .stack = 12}), OpenedEvent(7, {.id = Id(1, 3), .path = "/etc/group"}),
        ClosedEvent(8, {.id = Id(1, 1), .fd = 7, .function = 2, .stack = 12, .file = file}),
        ClosedEvent(9, {.id = Id(1, 2), .fd = 7, .function = 2}), StackEvent(11, 7, 0x11), FunctionEvent(1, "open"),
        ClosedEvent(uint64_t{1} << 63, {.id = Id(1, 3), .fd = 3, .function = 2})}) {
    records.push_back(event.SerializeAsString());
  }
  return records;
}

TEST(EventParser, LeavesNothingOfOneEventInTheNext) {
  EventParser parser(0);
  const std::vector<std::string> records = Records();
  for (int round = 0; round < 3; ++round) {
    for (const std::string& record : records) EXPECT_EQ(Got(parser, record), Expected(record));
  }
}

TEST(EventParser, ReadsTheLengthsThatTheInterposerWrites) {
  EventParser parser(0);
  const std::string record = {0x08, 0x05, 0x12, static_cast<char>(0x82), 0x00, 0x10, 0x03};  // of two bytes always
  EXPECT_EQ(Got(parser, record), Expected(record));
  EXPECT_NE(Got(parser, record), "no event");
}

TEST(EventParser, ReadsWhatComesTwiceOrInAnotherOrderAsProtobufDoes) {
  EventParser parser(0);
  const std::vector<std::string> records = Records();
  for (const std::string& first : records) {
    for (const std::string& second : records) EXPECT_EQ(Got(parser, first + second), Expected(first + second));
  }
}

TEST(EventParser, ReadsDamagedBytesAsProtobufDoes) {
  const google::protobuf::LogSilencer quiet;  // about names that are no UTF-8
  EventParser parser(0);
  std::mt19937 random(1);
  int no_events = 0;
  for (const std::string& record : Records()) {
    for (size_t length = 0; length < record.size(); ++length) {
      EXPECT_EQ(Got(parser, record.substr(0, length)), Expected(record.substr(0, length)));
    }
    for (int i = 0; i < 2000; ++i) {
      std::string damaged = record;
      for (int byte = 0; byte <= i % 3; ++byte) damaged[random() % damaged.size()] = static_cast<char>(random());
      const std::string expected = Expected(damaged);
      no_events += expected == "no event";
      ASSERT_EQ(Got(parser, damaged), expected) << i;
    }
  }
  EXPECT_GT(no_events, 0);
}

}  // namespace
}  // namespace fdtrace
