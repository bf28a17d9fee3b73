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
constinit std::atomic<Slot*> g_chunks[kChunks] = {};
constinit std::atomic<uint32_t> g_used_chunks{0};  // every chunk in use has a smaller index

Slot* FindSlot(int fd) {
  const auto number = static_cast<uint32_t>(fd);
  if (fd < 0 || number / kSlotsPerChunk >= kChunks) return nullptr;
  Slot* const chunk = g_chunks[number / kSlotsPerChunk].load(std::memory_order_acquire);
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
  uint32_t used = g_used_chunks.load(std::memory_order_relaxed);
  while (used <= index && !g_used_chunks.compare_exchange_weak(used, index + 1, std::memory_order_relaxed)) {
  }
  return FindSlot(fd);
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
  slot->stack.store(origin.stack, std::memory_order_relaxed);
  slot->row.store(origin.row, std::memory_order_relaxed);
  slot->has_file.store(origin.has_file, std::memory_order_relaxed);
  return slot->id.exchange(origin.id, std::memory_order_acq_rel);
}

void descriptor_table::Prepare() { MakeSlot(0); }

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
  const uint32_t used = g_used_chunks.load(std::memory_order_relaxed);
  for (uint32_t index = first / kSlotsPerChunk; index < used; ++index) {
    const Slot* const chunk = g_chunks[index].load(std::memory_order_acquire);
    if (chunk == nullptr) continue;
    const uint32_t base = index * kSlotsPerChunk;
    for (uint32_t fd = std::max(first, base); fd < base + kSlotsPerChunk; ++fd) {
      if (chunk[fd - base].id.load(std::memory_order_relaxed) != 0) return fd;
    }
  }
  return UINT32_MAX;
}

}  // namespace fdtrace
