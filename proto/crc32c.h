// CRC-32C (Castagnoli, RFC 3720 appendix B.4), a byte at a time: the checksum of a trace file's blocks.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fdtrace {

namespace internal {

constexpr std::array<uint32_t, 256> MakeCrc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  return table;
}

inline constexpr std::array<uint32_t, 256> kCrc32cTable = MakeCrc32cTable();

}  // namespace internal

constexpr uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = internal::kCrc32cTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

static_assert(Crc32c("123456789") == 0xe3069283u);  // the check value of the catalogue of CRC algorithms

}  // namespace fdtrace
