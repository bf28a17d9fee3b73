// In which lines instructions of Python code are, as far as that was read before: most frames of a new stack are those
// of older ones, and need not be read again. A cache; lock-free, safe in signal handlers and after fork.
//
//  - 53 bits of a key are compared: all of its word but where the line is, and its place. To take one instruction for
//    another is as unlikely as to take one stack for another.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace fdtrace {

class KnownLines {
 public:
  // A key is a hash.
  std::optional<uint32_t> Find(uint64_t key) const {
    for (const auto& way : ways_[SetOf(key)]) {
      const uint64_t entry = way.load(std::memory_order_relaxed);
      if (entry != 0 && (entry ^ key) <= kMaxLine) return static_cast<uint32_t>(entry & kMaxLine);
    }
    return std::nullopt;
  }

  void Keep(uint64_t key, uint32_t line) {
    if (line > kMaxLine) return;
    auto& set = ways_[SetOf(key)];
    const uint64_t entry = (key & ~kMaxLine) | line;
    for (auto& way : set) {
      uint64_t none = 0;
      if (way.compare_exchange_strong(none, entry, std::memory_order_relaxed)) return;
    }
    set[key % kWays].store(entry, std::memory_order_relaxed);
  }

 private:
  static constexpr uint64_t kMaxLine = (1 << 20) - 1;
  static constexpr size_t kWays = 4;
  static constexpr size_t kSets = 512;

  // By bits that the entry has not; two of them choose the way.
  static size_t SetOf(uint64_t key) { return key / kWays % kSets; }

  std::atomic<uint64_t> ways_[kSets][kWays] = {};
};

}  // namespace fdtrace
