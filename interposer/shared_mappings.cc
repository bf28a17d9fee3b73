#include "interposer/shared_mappings.h"

#include "interposer/file_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/memory.h"

namespace fdtrace {
namespace {

struct Slot {
  std::atomic<uintptr_t> start{0};  // 0: empty, or being written
  std::atomic<size_t> bytes{0};
  SharedMapping mapping;
};

FDTRACE_LARGE constinit Slot g_slots[kMaxSharedMappings];

}  // namespace

void NoteSharedMapping(void* start, size_t bytes, int fd) {
  if (InVforkChild()) return;
  SharedMapping mapping = {.device = IdentityOf(fd).device};
  auto* const path = reinterpret_cast<unsigned char*>(mapping.path);
  if (NameOf(fd, {path, sizeof mapping.path - 1}) == 0) return;
  Slot& slot = g_slots[internal::g_shared_mappings.fetch_add(1, std::memory_order_relaxed) % kMaxSharedMappings];
  slot.start.store(0, std::memory_order_release);
  slot.mapping = mapping;
  slot.bytes.store(bytes, std::memory_order_relaxed);
  slot.start.store(reinterpret_cast<uintptr_t>(start), std::memory_order_release);
}

void ForgetSharedMapping(void* start, size_t bytes) {
  if (InVforkChild()) return;
  const auto first = reinterpret_cast<uintptr_t>(start);
  for (Slot& slot : g_slots) {
    uintptr_t at = slot.start.load(std::memory_order_relaxed);
    if (at >= first && at - first < bytes) slot.start.compare_exchange_strong(at, 0, std::memory_order_relaxed);
  }
}

bool FindSharedMapping(const void* address, SharedMapping& found) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  for (const Slot& slot : g_slots) {
    const uintptr_t start = slot.start.load(std::memory_order_acquire);
    if (start == 0 || at < start || at - start >= slot.bytes.load(std::memory_order_relaxed)) continue;
    found = slot.mapping;
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.start.load(std::memory_order_relaxed) == start) return true;
  }
  return false;
}

}  // namespace fdtrace
