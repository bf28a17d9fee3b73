#include "interposer/current_mark.h"

#include <algorithm>
#include <atomic>

#include "interposer/hash.h"
#include "interposer/text.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constinit std::atomic<uint64_t> g_current{0};
constinit std::atomic<uint64_t> g_told{0};  // the latest
constinit std::atomic<uint32_t> g_made{0};
// Of the current one, padded with zeros. Its key tells whether what was read is whole.
constinit std::atomic<char> g_name[kMaxMarkBytes] = {};

uint64_t KeyOf(const void* name, size_t bytes) {
  const uint64_t key = HashBytes(0, name, bytes);
  return key == 0 ? 1 : key;
}

}  // namespace

void SetCurrentMark(const char* name) {
  const size_t bytes = name == nullptr ? 0 : TextLength(name, kMaxMarkBytes);
  g_current.store(0, std::memory_order_relaxed);
  for (size_t i = 0; i < kMaxMarkBytes; ++i) g_name[i].store(i < bytes ? name[i] : '\0', std::memory_order_relaxed);
  if (bytes != 0) g_current.store(KeyOf(name, bytes), std::memory_order_release);
  g_made.fetch_add(1, std::memory_order_acq_rel);
}

uint64_t CurrentMark() { return g_current.load(std::memory_order_acquire); }

size_t CopyMarkName(uint64_t key, std::span<unsigned char> room) {
  size_t bytes = 0;
  for (; bytes < std::min(room.size(), kMaxMarkBytes); ++bytes) {
    const char byte = g_name[bytes].load(std::memory_order_relaxed);
    if (byte == '\0') break;
    room[bytes] = static_cast<unsigned char>(byte);
  }
  return KeyOf(room.data(), bytes) == key ? bytes : 0;
}

bool IsMarkTold(uint64_t key) { return g_told.load(std::memory_order_relaxed) == key; }
void SetMarkTold(uint64_t key) { g_told.store(key, std::memory_order_relaxed); }

uint32_t MarksMade() { return g_made.load(std::memory_order_acquire); }

}  // namespace fdtrace
