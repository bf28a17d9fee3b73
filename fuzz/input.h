// What a fuzzer hands out, read from its beginning; after its end, zeros and empty texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace fdtrace {

class Input {
 public:
  Input(const uint8_t* data, size_t bytes) : rest_(data, bytes) {}

  bool empty() const { return rest_.empty(); }

  // As it lies in memory.
  template <typename Number>
  Number Take() {
    Number number = {};
    const std::span<const uint8_t> bytes = TakeBytes(sizeof number);
    std::memcpy(&number, bytes.data(), bytes.size());
    return number;
  }
  std::span<const uint8_t> TakeBytes(size_t most) {
    const std::span<const uint8_t> bytes = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(bytes.size());
    return bytes;
  }
  // A byte that tells its length, then so many.
  std::string TakeText() { return Text(TakeBytes(Take<uint8_t>())); }
  std::string TakeRest() { return Text(TakeBytes(rest_.size())); }

 private:
  static std::string Text(std::span<const uint8_t> bytes) { return std::string(bytes.begin(), bytes.end()); }

  std::span<const uint8_t> rest_;
};

}  // namespace fdtrace
