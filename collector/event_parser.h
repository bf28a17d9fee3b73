// Parses records of rings into memory that is used again and again.
//  - What it gives is what Event::ParseFromArray would, whatever the bytes.
#pragma once

#include <cstdint>
#include <span>

#include "collector/ring_reader.h"
#include "google/protobuf/arena.h"
#include "proto/event.pb.h"

namespace fdtrace {

class EventParser {
 public:
  explicit EventParser(int64_t started_ns);

  // The event with its time made ns since the recording started, within [0, NOW]; valid until the next call. Null: the
  // bytes are no event.
  const Event* Parse(std::span<const unsigned char> record, int64_t now_ns);
  RingReader::Scratch& scratch() { return scratch_; }

 private:
  google::protobuf::ArenaOptions Options();
  Event* ParseFrequent(std::span<const unsigned char> record);
  Event* ParseAny(std::span<const unsigned char> record);

  const int64_t started_ns_;
  RingReader::Scratch scratch_;
  // Nearly all records are one of these two. They keep their parts, which a parse of the whole Event would make anew.
  Event opened_;
  Event closed_;
  uint32_t parsed_since_reset_ = 0;
  alignas(8) char first_block_[64 * 1024];
  google::protobuf::Arena arena_;  // of the others
};

}  // namespace fdtrace
