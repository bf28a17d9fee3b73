#include "interposer/kept_mappings.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "interposer/attachment.h"
#include "interposer/interposed_functions.h"
#include "interposer/loaded_objects.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/shared_mappings.h"

namespace fdtrace {
namespace {

struct Range {
  uintptr_t start = UINTPTR_MAX;
  uintptr_t end = 0;
};

constinit std::atomic<const LoadedObject*> g_own{nullptr};

// The lowest of ours in [start, end), in whole pages; empty (end is 0) where there is none.
Range FirstKept(uintptr_t start, uintptr_t end) {
  Range first;
  const auto consider = [&](uintptr_t from, uintptr_t to) {
    from &= ~(kPageBytes - 1);
    to = (to + kPageBytes - 1) & ~(kPageBytes - 1);
    if (from < end && start < to && from < first.start) first = {.start = from, .end = to};
  };
  const auto consider_shared = [&](const void* at, size_t bytes) {
    consider(reinterpret_cast<uintptr_t>(at), reinterpret_cast<uintptr_t>(at) + bytes);
  };
  if (const SessionPage* const page = MappedSessionPage()) consider_shared(page, kPageBytes);
  if (const Attachment* const attachment = AttachedAlready()) {
    const uint32_t arenas = attachment->arena_count.load(std::memory_order_acquire);
    for (uint32_t a = 0; a < arenas; ++a) {
      consider_shared(attachment->arenas[a].load(std::memory_order_relaxed), sizeof(Arena));
    }
  }
  if (const LoadedObject* const own = g_own.load(std::memory_order_acquire)) consider(own->start, own->end);
  return first;
}

}  // namespace

void KeepMapped() {
  g_own.store(FindLoadedObject(reinterpret_cast<uintptr_t>(&KeepMapped)), std::memory_order_release);
}

}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

FDTRACE_EXPORT int munmap(void* at, size_t bytes) noexcept {
  if (!IsResolved(Row::munmap)) [[unlikely]]
    return static_cast<int>(OrErrno(RawSyscall(SYS_munmap, at, static_cast<long>(bytes))));
  if (HasSharedMappings()) [[unlikely]]
    ForgetSharedMapping(at, bytes);
  auto* const real = Real<decltype(::munmap)>(Row::munmap);
  auto start = reinterpret_cast<uintptr_t>(at);
  const uintptr_t end = start + bytes;
  // What the kernel refuses as a whole is not done in part.
  constexpr uintptr_t kAddressesEnd = (uintptr_t{1} << 47) - kPageBytes;
  if (start % kPageBytes != 0 || end <= start || end > kAddressesEnd) return real(at, bytes);
  for (Range kept = FirstKept(start, end); kept.end != 0; kept = FirstKept(start, end)) {
    if (kept.start > start && real(reinterpret_cast<void*>(start), kept.start - start) != 0) return -1;
    if (kept.end >= end) return 0;
    start = kept.end;
  }
  return real(reinterpret_cast<void*>(start), end - start);
}
