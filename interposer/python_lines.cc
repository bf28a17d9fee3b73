#include "interposer/python_lines.h"

#include <cstddef>
#include <optional>

namespace fdtrace {
namespace {

uint32_t Positive(int64_t line) { return line > 0 && line <= INT32_MAX ? static_cast<uint32_t>(line) : 0; }

// Pairs: by how many bytes the code, by how many lines the source goes on.
uint32_t ByIncrements(std::span<const unsigned char> table, int64_t line, int64_t offset) {
  int64_t at = 0;
  for (size_t i = 0; i + 1 < table.size(); i += 2) {
    at += table[i];
    if (at > offset) break;
    line += static_cast<signed char>(table[i + 1]);
  }
  return Positive(line);
}

// Pairs: how long the range is, by how many lines it is from the range before; -128: it belongs to no line.
uint32_t ByRanges(std::span<const unsigned char> table, int64_t line, int64_t offset) {
  constexpr signed char kNoLine = -128;
  int64_t end = 0;
  bool has_line = true;
  for (size_t i = 0; i + 1 < table.size() && end <= offset; i += 2) {
    end += table[i];
    const auto lines = static_cast<signed char>(table[i + 1]);
    has_line = lines != kNoLine;
    if (has_line) line += lines;
  }
  return has_line ? Positive(line) : 0;
}

// Entries of a byte with the top bit set (four bits of kind, three of length in units of two bytes, less one) and more
// without it.
class Locations {
 public:
  explicit Locations(std::span<const unsigned char> table) : rest_(table) {}

  bool AtEnd() const { return rest_.empty(); }

  // By how many lines the next entry is from the one before; nothing: it has none.
  std::optional<int64_t> Next(int64_t& bytes) {
    constexpr int kLongest = 7;
    const unsigned char head = rest_[0];
    rest_ = rest_.subspan(1);
    bytes = (int64_t{head & kLongest} + 1) * 2;
    const int kind = head >> 3 & 15;
    const std::optional<int64_t> lines = LinesOf(kind);
    while (!rest_.empty() && (rest_[0] & 0x80) == 0) rest_ = rest_.subspan(1);
    return lines;
  }

 private:
  std::optional<int64_t> LinesOf(int kind) const {
    constexpr int kFirstOneLine = 10;
    constexpr int kNoColumns = 13;
    constexpr int kLong = 14;
    constexpr int kNoLocation = 15;
    if (kind == kNoLocation) return std::nullopt;
    if (kind == kNoColumns || kind == kLong) return SignedNumber();
    return kind >= kFirstOneLine ? kind - kFirstOneLine : 0;
  }

  // Six bits in each byte, the lowest first, the next bit set where more follow; the lowest bit of all is the sign.
  // Nothing: more bits than any line has, whose sum with others would overflow.
  std::optional<int64_t> SignedNumber() const {
    constexpr unsigned kMostBits = 36;
    uint64_t number = 0;
    unsigned shift = 0;
    for (size_t i = 0; i < rest_.size(); ++i, shift += 6) {
      if (shift == kMostBits) return std::nullopt;
      number |= uint64_t{rest_[i] & 63u} << shift;
      if ((rest_[i] & 64) == 0) break;
    }
    const auto magnitude = static_cast<int64_t>(number >> 1);
    return (number & 1) != 0 ? -magnitude : magnitude;
  }

  std::span<const unsigned char> rest_;
};

uint32_t ByLocations(std::span<const unsigned char> table, int64_t line, int64_t offset) {
  Locations locations(table);
  int64_t end = 0;
  bool has_line = true;
  while (!locations.AtEnd() && end <= offset) {
    int64_t bytes = 0;
    const std::optional<int64_t> lines = locations.Next(bytes);
    has_line = lines.has_value();
    line += lines.value_or(0);
    end += bytes;
  }
  return has_line ? Positive(line) : 0;
}

}  // namespace

uint32_t PythonLine(LineTable kind, std::span<const unsigned char> table, uint32_t first_line, int64_t offset) {
  if (offset < 0) return first_line;
  switch (kind) {
    case LineTable::kIncrements:
      return ByIncrements(table, first_line, offset);
    case LineTable::kRanges:
      return ByRanges(table, first_line, offset);
    case LineTable::kLocations:
      return ByLocations(table, first_line, offset);
  }
  return 0;
}

}  // namespace fdtrace
