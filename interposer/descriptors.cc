#include "interposer/descriptors.h"

#include <algorithm>

#include "interposer/hook_scope.h"
#include "interposer/vfork_changes.h"

namespace fdtrace {
namespace {

// Null in a vfork child: nothing is known of it.
VforkChanges* Changes() { return fdtrace_thread.vfork_changes; }

}  // namespace

uint64_t PutDescriptor(int fd, const DescriptorOrigin& origin) {
  if (!InVforkChild()) [[likely]]
    return descriptor_table::Put(fd, origin);
  const uint64_t before = LifetimeOf(fd);
  DescriptorOrigin by_child = origin;
  by_child.stack = fdtrace_thread.vfork_stack;
  if (Changes() != nullptr) Changes()->Set(fd, by_child);
  return before;
}

void SetDescriptorStack(int fd, uint64_t id, uint64_t stack) {
  if (!InVforkChild()) [[likely]]
    descriptor_table::SetStack(fd, id, stack);
}

DescriptorOrigin TakeDescriptor(int fd) {
  if (!InVforkChild()) [[likely]]
    return descriptor_table::Take(fd);
  const DescriptorOrigin before = OriginOf(fd);
  if (before.id != 0 && Changes() != nullptr) Changes()->Set(fd, {});
  return before;
}

DescriptorOrigin OriginOf(int fd) {
  if (InVforkChild() && Changes() != nullptr) [[unlikely]] {
    if (const DescriptorOrigin* const changed = Changes()->Find(fd)) return *changed;
  }
  return descriptor_table::Get(fd);
}

uint32_t NextDescriptor(uint32_t first) {
  uint32_t next = descriptor_table::NextFilled(first);
  if (!InVforkChild() || Changes() == nullptr) [[likely]]
    return next;
  while (next != UINT32_MAX && OriginOf(static_cast<int>(next)).id == 0) next = descriptor_table::NextFilled(next + 1);
  return std::min(next, Changes()->NextFilled(first));
}

void KeepVforkChanges() {
  VforkChanges* const changes = Changes();
  if (changes == nullptr) return;
  changes->Visit([](int fd, const DescriptorOrigin& now) {
    if (now.id == 0) {
      descriptor_table::Take(fd);
    } else {
      descriptor_table::Put(fd, now);
    }
  });
}

}  // namespace fdtrace
