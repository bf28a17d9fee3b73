#include "collector/ring_reader.h"

#include <algorithm>
#include <cstring>

namespace fdtrace {
namespace {

constexpr uint64_t kLengthBytes = sizeof(uint32_t);

void CopyOut(const unsigned char* data, uint64_t position, void* to, uint64_t bytes) {
  const uint64_t at = position % kRingBytes;
  const uint64_t first = std::min(bytes, kRingBytes - at);
  std::memcpy(to, data + at, first);
  std::memcpy(static_cast<unsigned char*>(to) + first, data, bytes - first);
}

}  // namespace

bool RingReader::Look(const RingHeader& ring) {
  head_ = ring.head.load(std::memory_order_acquire);
  if (head_ - position_ > kRingBytes) Damaged();  // backwards, or further than the writer may go
  return !at_end();
}

std::span<const unsigned char> RingReader::Next(const unsigned char* data, Scratch& scratch) {
  const uint64_t published = head_ - position_;
  if (published == 0) return {};
  if (published < kLengthBytes) return Damaged();
  uint32_t length = 0;
  CopyOut(data, position_, &length, kLengthBytes);
  if (length == 0 || length > kMaxEventBytes || length > published - kLengthBytes) return Damaged();
  CopyOut(data, position_ + kLengthBytes, scratch.bytes, length);
  position_ += kLengthBytes + length;
  return {scratch.bytes, length};
}

std::span<const unsigned char> RingReader::Damaged() {
  ++damages_;
  position_ = head_;
  return {};
}

}  // namespace fdtrace
