#include "collector/event_parser.h"

#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace fdtrace {
namespace {

using ::google::protobuf::internal::WireFormatLite;

constexpr uint32_t kParsesPerReset = 256;

constexpr uint32_t kAtNsTag = WireFormatLite::MakeTag(Event::kAtNsFieldNumber, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kOpenedTag =
    WireFormatLite::MakeTag(Event::kOpenedFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kClosedTag =
    WireFormatLite::MakeTag(Event::kClosedFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

}  // namespace

EventParser::EventParser(int64_t started_ns) : started_ns_(started_ns), arena_(Options()) {
  opened_.mutable_opened();
  closed_.mutable_closed();
}

google::protobuf::ArenaOptions EventParser::Options() {
  google::protobuf::ArenaOptions options;
  options.initial_block = first_block_;
  options.initial_block_size = sizeof first_block_;
  return options;
}

// A record that is a time and then one Opened or Closed up to its end, as the interposer writes them. Null: it is
// another.
Event* EventParser::ParseFrequent(std::span<const unsigned char> record) {
  google::protobuf::io::CodedInputStream stream(record.data(), static_cast<int>(record.size()));
  uint64_t at_ns = 0;
  if (stream.ReadTag() != kAtNsTag || !stream.ReadVarint64(&at_ns)) return nullptr;
  const uint32_t tag = stream.ReadTag();
  uint32_t bytes = 0;
  if ((tag != kOpenedTag && tag != kClosedTag) || !stream.ReadVarint32(&bytes)) return nullptr;
  const std::span<const unsigned char> rest = record.subspan(static_cast<size_t>(stream.CurrentPosition()));
  if (rest.size() != bytes) return nullptr;
  Event& event = tag == kOpenedTag ? opened_ : closed_;
  const bool parsed = tag == kOpenedTag ? event.mutable_opened()->ParseFromArray(rest.data(), static_cast<int>(bytes))
                                        : event.mutable_closed()->ParseFromArray(rest.data(), static_cast<int>(bytes));
  if (!parsed) return nullptr;
  event.set_at_ns(at_ns);
  return &event;
}

Event* EventParser::ParseAny(std::span<const unsigned char> record) {
  if (++parsed_since_reset_ == kParsesPerReset) {
    arena_.Reset();
    parsed_since_reset_ = 0;
  }
  Event* const event = google::protobuf::Arena::CreateMessage<Event>(&arena_);
  return event->ParseFromArray(record.data(), static_cast<int>(record.size())) ? event : nullptr;
}

const Event* EventParser::Parse(std::span<const unsigned char> record, int64_t now_ns) {
  Event* event = ParseFrequent(record);
  if (event == nullptr) event = ParseAny(record);
  if (event == nullptr) return nullptr;
  const auto at_ns = static_cast<int64_t>(std::min<uint64_t>(event->at_ns(), INT64_MAX));
  event->set_at_ns(static_cast<uint64_t>(std::max<int64_t>(std::min(at_ns, now_ns) - started_ns_, 0)));
  return event;
}

}  // namespace fdtrace
