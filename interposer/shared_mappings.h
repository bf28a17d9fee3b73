// Files that the program has mapped shared and writable: what it writes there takes room that no call asks for. Safe in
// signal handlers and after fork; a vfork child notes nothing.
//
//  - The latest kMaxSharedMappings alone are kept.
//  - What mremap moves, or another mapping replaces without munmap, is forgotten or mistaken for what it was; whoever
//    asks must know from elsewhere that the file system is full.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fdtrace {

inline constexpr size_t kMaxSharedMappings = 32;

struct SharedMapping {
  uint64_t device = 0;  // st_dev
  char path[240] = {};  // as the kernel shows it: " (deleted)" at the end of what has no name any more
};

namespace internal {
inline constinit std::atomic<uint32_t> g_shared_mappings{0};  // noted so far
}  // namespace internal

inline bool HasSharedMappings() { return internal::g_shared_mappings.load(std::memory_order_relaxed) != 0; }

void NoteSharedMapping(void* start, size_t bytes, int fd);
void ForgetSharedMapping(void* start, size_t bytes);

// False: none that is known of is there.
bool FindSharedMapping(const void* address, SharedMapping& found);

}  // namespace fdtrace
