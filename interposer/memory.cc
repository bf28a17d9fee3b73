#include "interposer/memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>

#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr size_t kChunkBytes = size_t{64} * 1024;
constexpr size_t kAlignment = 16;

struct Chunk {
  std::atomic<size_t> used;
  alignas(kAlignment) unsigned char bytes[kChunkBytes - kAlignment];
};
static_assert(sizeof(Chunk) == kChunkBytes);

FDTRACE_LARGE constinit Chunk g_first_chunk = {};  // most programs need no other
constinit std::atomic<Chunk*> g_chunk{&g_first_chunk};

}  // namespace

void* AllocatePages(size_t bytes) {
  if (!MayCall(OurCall::kMap)) return nullptr;
  const long result = RawSyscall(SYS_mmap, nullptr, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return Failed(result) ? nullptr : reinterpret_cast<void*>(result);
}

void FreePages(void* pages, size_t bytes) { RawSyscall(SYS_munmap, pages, static_cast<long>(bytes)); }

void ReadyPages(void* memory, size_t bytes) {
  if (!MayCall(OurCall::kReadyPages)) return;
  const auto begin = reinterpret_cast<uintptr_t>(memory) & ~(kPageBytes - 1);
  const uintptr_t end = reinterpret_cast<uintptr_t>(memory) + bytes;
  RawSyscall(SYS_madvise, static_cast<long>(begin), static_cast<long>(end - begin), MADV_POPULATE_WRITE);
}

void* AllocateForever(size_t bytes) {
  bytes = (bytes + kAlignment - 1) & ~(kAlignment - 1);
  if (bytes > sizeof(Chunk::bytes)) return AllocatePages(bytes);
  for (;;) {
    Chunk* chunk = g_chunk.load(std::memory_order_acquire);
    if (chunk != nullptr) {
      const size_t at = chunk->used.fetch_add(bytes, std::memory_order_relaxed);
      if (at + bytes <= sizeof(Chunk::bytes)) return chunk->bytes + at;
    }
    // Full or none yet. Two threads may both bring a fresh chunk; the loser's pages are never touched.
    auto* fresh = static_cast<Chunk*>(AllocatePages(kChunkBytes));
    if (fresh == nullptr) return nullptr;
    g_chunk.compare_exchange_strong(chunk, fresh, std::memory_order_acq_rel);
  }
}

}  // namespace fdtrace
