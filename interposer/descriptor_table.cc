#include "interposer/descriptor_table.h"

#include <algorithm>
#include <atomic>

#include "interposer/memory.h"

namespace fdtrace {
namespace {

// Two levels, so that a table for any number the kernel may give (fs.nr_open goes to 2^30) costs only what is used.
constexpr uint32_t kSlotsPerChunk = 4096;
constexpr uint32_t kChunks = (1u << 30) / kSlotsPerChunk;

struct Slot {
  std::atomic<uint64_t> id;
  std::atomic<uint64_t> stack;
  std::atomic<Row> row;
  std::atomic<bool> has_file;
};
FDTRACE_LARGE constinit std::atomic<Slot*> g_chunks[kChunks] = {};  // but the first
FDTRACE_LARGE constinit Slot g_first_chunk[kSlotsPerChunk] = {};    // which is there whatever memory there is
// Every slot that was ever filled has a smaller number: a search touches no page that nobody has.
constinit std::atomic<uint32_t> g_ever_filled{0};

// Null: none of it was ever filled.
Slot* ChunkAt(uint32_t index) { return index == 0 ? g_first_chunk : g_chunks[index].load(std::memory_order_acquire); }

Slot* FindSlot(int fd) {
  const auto number = static_cast<uint32_t>(fd);
  if (fd < 0 || number / kSlotsPerChunk >= kChunks) return nullptr;
  Slot* const chunk = ChunkAt(number / kSlotsPerChunk);
  return chunk == nullptr ? nullptr : chunk + number % kSlotsPerChunk;
}

Slot* MakeSlot(int fd) {
  if (Slot* const found = FindSlot(fd)) return found;
  const uint32_t index = static_cast<uint32_t>(fd) / kSlotsPerChunk;
  if (fd < 0 || index >= kChunks) return nullptr;
  auto* fresh = static_cast<Slot*>(AllocatePages(kSlotsPerChunk * sizeof(Slot)));
  if (fresh == nullptr) return nullptr;
  Slot* none = nullptr;
  g_chunks[index].compare_exchange_strong(none, fresh, std::memory_order_acq_rel);
  return FindSlot(fd);
}

void NoteFilled(int fd) {
  const uint32_t end = static_cast<uint32_t>(fd) + 1;
  uint32_t before = g_ever_filled.load(std::memory_order_relaxed);
  while (before < end && !g_ever_filled.compare_exchange_weak(before, end, std::memory_order_relaxed)) {
  }
}

DescriptorOrigin Held(const Slot& slot) {
  return {.id = slot.id.load(std::memory_order_acquire),
          .row = slot.row.load(std::memory_order_relaxed),
          .stack = slot.stack.load(std::memory_order_relaxed),
          .has_file = slot.has_file.load(std::memory_order_relaxed)};
}

}  // namespace

uint64_t descriptor_table::Put(int fd, const DescriptorOrigin& origin) {
  Slot* const slot = MakeSlot(fd);
  if (slot == nullptr) return 0;
  NoteFilled(fd);
  slot->stack.store(origin.stack, std::memory_order_relaxed);
  slot->row.store(origin.row, std::memory_order_relaxed);
  slot->has_file.store(origin.has_file, std::memory_order_relaxed);
  return slot->id.exchange(origin.id, std::memory_order_acq_rel);
}

void descriptor_table::SetStack(int fd, uint64_t id, uint64_t stack) {
  Slot* const slot = FindSlot(fd);
  if (slot != nullptr && slot->id.load(std::memory_order_relaxed) == id) {
    slot->stack.store(stack, std::memory_order_relaxed);
  }
}

DescriptorOrigin descriptor_table::Take(int fd) {
  Slot* const slot = FindSlot(fd);
  if (slot == nullptr || slot->id.load(std::memory_order_relaxed) == 0) return {};
  DescriptorOrigin held = Held(*slot);
  held.id = slot->id.exchange(0, std::memory_order_acq_rel);
  return held;
}

DescriptorOrigin descriptor_table::Get(int fd) {
  const Slot* const slot = FindSlot(fd);
  if (slot == nullptr) return {};
  const DescriptorOrigin held = Held(*slot);
  return held.id == 0 ? DescriptorOrigin{} : held;
}

uint32_t descriptor_table::NextFilled(uint32_t first) {
  const uint32_t end = g_ever_filled.load(std::memory_order_relaxed);
  for (uint32_t at = first; at < end;) {
    const uint32_t next_chunk = (at / kSlotsPerChunk + 1) * kSlotsPerChunk;
    const Slot* const chunk = ChunkAt(at / kSlotsPerChunk);
    for (; chunk != nullptr && at < std::min(end, next_chunk); ++at) {
      if (chunk[at % kSlotsPerChunk].id.load(std::memory_order_relaxed) != 0) return at;
    }
    at = next_chunk;
  }
  return UINT32_MAX;
}

}  // namespace fdtrace
