// Writes protobuf's wire format into a buffer of fixed size: what proto/event.proto needs and no more.
// https://protobuf.dev/programming-guides/encoding/. Safe in signal handlers and after fork.
//
// A field that does not fit is left out and `overflow` set; what was written before stays valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fdtrace {

class WireWriter {
 public:
  explicit WireWriter(std::span<unsigned char> buffer)
      : begin_(buffer.data()), at_(begin_), end_(begin_ + buffer.size()) {}

  std::span<const unsigned char> written() const { return {begin_, at_}; }
  bool overflow() const { return overflow_; }

  // As in proto3, a field that has its default value is not written.
  void Varint(uint32_t field, uint64_t value) {
    if (value != 0 && Fits(kMaxVarint + kMaxTag)) {
      PutVarint(field << 3 | 0);
      PutVarint(value);
    }
  }
  void Int32(uint32_t field, int32_t value) { Varint(field, static_cast<uint64_t>(static_cast<int64_t>(value))); }
  void Fixed64(uint32_t field, uint64_t value) {
    if (value != 0 && Fits(8 + kMaxTag)) {
      PutVarint(field << 3 | 1);
      PutFixed64(value);
    }
  }
  void Bytes(uint32_t field, const void* bytes, size_t count) {
    if (count != 0 && Fits(count + kMaxVarint + kMaxTag)) {
      PutVarint(field << 3 | 2);
      PutVarint(count);
      std::memcpy(at_, bytes, count);
      at_ += count;
    }
  }
  // A packed repeated fixed64: `value(i)` for i below count.
  template <typename Value>
  void PackedFixed64(uint32_t field, size_t count, Value value) {
    if (count != 0 && Fits(count * 8 + kMaxVarint + kMaxTag)) {
      PutVarint(field << 3 | 2);
      PutVarint(count * 8);
      for (size_t i = 0; i < count; ++i) PutFixed64(value(i));
    }
  }
  // A submessage of at most 16383 bytes: `body()` writes its fields.
  template <typename Body>
  void Message(uint32_t field, Body body) {
    if (!Fits(2 + kMaxTag)) return;
    PutVarint(field << 3 | 2);
    unsigned char* const length = at_;
    at_ += 2;
    body();
    PutLength(length, static_cast<size_t>(at_ - length) - 2);
  }
  // At most `limit` bytes, below 16384, that `fill(room)` puts there itself. It returns their number; at 0 there is no
  // field.
  template <typename Fill>
  bool Filled(uint32_t field, size_t limit, Fill fill) {
    if (!Fits(limit + 2 + kMaxTag)) return false;
    unsigned char* const before = at_;
    PutVarint(field << 3 | 2);
    unsigned char* const length = at_;
    const size_t count = fill(std::span(length + 2, limit));
    at_ = count == 0 ? before : length + 2 + count;
    if (count != 0) PutLength(length, count);
    return count != 0;
  }

 private:
  static constexpr size_t kMaxVarint = 10;
  static constexpr size_t kMaxTag = 2;

  bool Fits(size_t count) {
    if (static_cast<size_t>(end_ - at_) >= count) return true;
    overflow_ = true;
    return false;
  }
  // In two bytes always, so that it can be filled in later: a varint may be longer than it need be.
  static void PutLength(unsigned char* at, size_t count) {
    at[0] = static_cast<unsigned char>(count | 0x80);
    at[1] = static_cast<unsigned char>(count >> 7);
  }
  void PutVarint(uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<unsigned char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<unsigned char>(value);
  }
  void PutFixed64(uint64_t value) {  // both machines are little endian, as the wire is
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  unsigned char* begin_;
  unsigned char* at_;
  unsigned char* end_;
  bool overflow_ = false;
};

}  // namespace fdtrace
