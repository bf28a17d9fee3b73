#include "interposer/vfork_changes.h"

#include <algorithm>
#include <atomic>

#include "interposer/memory.h"

namespace fdtrace {
namespace {

// Threads are seldom in vfork at the same time. One that finds none ready gets pages for good, and leaves them here.
constinit std::atomic<VforkChanges*> g_ready[64] = {};

}  // namespace

VforkChanges* VforkChanges::Acquire() {
  for (auto& place : g_ready) {
    if (place.load(std::memory_order_relaxed) == nullptr) continue;
    if (VforkChanges* const ready = place.exchange(nullptr, std::memory_order_acq_rel)) return ready;
  }
  return static_cast<VforkChanges*>(AllocatePages(sizeof(VforkChanges)));
}

void VforkChanges::Release(VforkChanges* changes) {
  changes->count_ = changes->levels_ = 0;
  for (auto& place : g_ready) {
    VforkChanges* none = nullptr;
    if (place.compare_exchange_strong(none, changes, std::memory_order_acq_rel)) return;
  }
  FreePages(changes, sizeof *changes);
}

bool VforkChanges::Begin(HookScope* scope) {
  if (levels_ == kMaxLevels) return false;
  level_[levels_++] = {.count_before = count_, .scope = scope};
  return true;
}

HookScope* VforkChanges::End() {
  const Level& level = level_[--levels_];
  count_ = level.count_before;
  return level.scope;
}

// The newest is the one that holds.
const DescriptorOrigin* VforkChanges::Find(int fd) const {
  for (size_t i = count_; i > 0; --i) {
    if (change_[i - 1].fd == fd) return &change_[i - 1].now;
  }
  return nullptr;
}

bool VforkChanges::Set(int fd, const DescriptorOrigin& now) {
  const size_t first_own = levels_ == 0 ? 0 : level_[levels_ - 1].count_before;
  for (size_t i = count_; i > first_own; --i) {
    if (change_[i - 1].fd != fd) continue;
    change_[i - 1].now = now;
    return true;
  }
  if (count_ == kMaxChanges) return false;
  change_[count_++] = {.fd = fd, .now = now};
  return true;
}

uint32_t VforkChanges::NextFilled(uint32_t first) const {
  uint32_t next = UINT32_MAX;
  for (size_t i = 0; i < count_; ++i) {
    const auto fd = static_cast<uint32_t>(change_[i].fd);
    if (fd >= first && fd < next && Find(change_[i].fd)->id != 0) next = fd;
  }
  return next;
}

}  // namespace fdtrace
