// A fast 64-bit hash of words and bytes: names of stacks and modules within one recording. Not for anything an enemy
// chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fdtrace {

// Folds a 64 x 64 bit product: two multiplications' worth of mixing for one.
inline uint64_t HashWord(uint64_t hash, uint64_t word) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(hash ^ 0x9e3779b97f4a7c15u) * (word ^ 0xd6e8feb86659fd93u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashBytes(uint64_t hash, const void* bytes, size_t count) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    hash = HashWord(hash, word);
  }
  uint64_t rest = count;
  for (size_t i = 0; i < count; ++i) rest = rest << 8 | at[i];
  return HashWord(hash, rest);
}

}  // namespace fdtrace
