// Reads numbers from tables in memory, as DWARF encodes them, and never beyond the end: what is asked for there is 0,
// and `failed` says so from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fdtrace {

class ByteReader {
 public:
  ByteReader(const uint8_t* at, const uint8_t* end) : at_(at), end_(end) {}

  const uint8_t* at() const { return at_; }
  bool failed() const { return failed_; }
  bool AtEnd() const { return failed_ || at_ == end_; }

  template <typename Number>
  Number Read() {
    Number number = 0;
    if (!Has(sizeof number)) return 0;
    std::memcpy(&number, at_, sizeof number);
    at_ += sizeof number;
    return number;
  }

  uint64_t ReadUleb() {
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = Read<uint8_t>();
      if (shift < 64) number |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return number;
    }
  }

  int64_t ReadSleb() {
    uint64_t number = 0;
    for (unsigned shift = 0;;) {
      const auto byte = Read<uint8_t>();
      if (shift < 64) number |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if ((byte & 0x40) != 0 && shift < 64) number |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(number);
    }
  }

  // The next `bytes`, which are passed over.
  ByteReader Take(uint64_t bytes) {
    if (!Has(bytes)) return {end_, end_};
    const ByteReader part(at_, at_ + bytes);
    at_ += bytes;
    return part;
  }

 private:
  bool Has(uint64_t bytes) {
    if (bytes <= static_cast<uint64_t>(end_ - at_)) return true;
    at_ = end_;
    failed_ = true;
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool failed_ = false;
};

}  // namespace fdtrace
