#include "interposer/working_directory.h"

#include <atomic>

#include "interposer/hook_scope.h"

namespace fdtrace {
namespace {

constinit std::atomic<bool> g_changed = false;

}  // namespace

void DirectoryChanged() { g_changed.store(true, std::memory_order_relaxed); }

// A vfork child has a directory of its own, and its parent's is still to be told.
bool TakeDirectoryChange() {
  if (!g_changed.load(std::memory_order_relaxed)) [[likely]]
    return false;
  if (!InVforkChild()) g_changed.store(false, std::memory_order_relaxed);
  return true;
}

}  // namespace fdtrace
