#include "interposer/stacks.h"

#include <algorithm>
#include <atomic>
#include <span>

#include "interposer/event_writer.h"
#include "interposer/hash.h"
#include "interposer/loaded_objects.h"
#include "interposer/memory.h"
#include "interposer/unwinder.h"

namespace fdtrace {
namespace {

// Hashes of the stacks sent: a cache, not a set. A stack that was pushed out is sent once more, never mistaken.
constexpr size_t kWays = 4;
constexpr size_t kSets = 4096;
struct SentStacks {
  std::atomic<uint64_t> hashes[kSets][kWays];
};
constinit std::atomic<SentStacks*> g_sent{nullptr};

SentStacks* Sent() {
  SentStacks* sent = g_sent.load(std::memory_order_acquire);
  if (sent != nullptr) return sent;
  auto* const fresh = static_cast<SentStacks*>(AllocatePages(sizeof(SentStacks)));
  if (fresh == nullptr || g_sent.compare_exchange_strong(sent, fresh, std::memory_order_acq_rel)) return fresh;
  return sent;
}

bool WasSent(const SentStacks& sent, uint64_t hash) {
  const auto& set = sent.hashes[hash % kSets];
  return std::any_of(std::begin(set), std::end(set),
                     [&](const auto& way) { return way.load(std::memory_order_relaxed) == hash; });
}

void MarkSent(SentStacks& sent, uint64_t hash) {
  auto& set = sent.hashes[hash % kSets];
  for (auto& way : set) {
    uint64_t none = 0;
    if (way.compare_exchange_strong(none, hash, std::memory_order_relaxed)) return;
  }
  set[(hash >> 32) % kWays].store(hash, std::memory_order_relaxed);
}

struct Frames {
  std::span<void*> of_program;
  bool truncated;
};

// Unwinds and leaves our own frames out.
Frames Take(const HookScope& scope) {
  const std::span<void*> room = fdtrace_thread.scratch->frames;
  const size_t count = Unwind(scope, room);
  size_t first = 0;
  while (first < count && IsOurs(reinterpret_cast<uintptr_t>(room[first]))) ++first;
  const size_t rest = std::min(count - first, kMaxFrames);
  return {.of_program = room.subspan(first, rest), .truncated = count == room.size() || first + rest < count};
}

uint64_t HashOf(const Frames& frames) {
  uint64_t hash = LoadGeneration();
  for (void* address : frames.of_program) hash = HashWord(hash, reinterpret_cast<uintptr_t>(address));
  return hash == 0 ? 1 : hash;
}

bool SendModule(const HookScope& scope, LoadedObject& object) {
  if (object.sent.load(std::memory_order_relaxed)) return true;
  if (!WriteModule(scope, {.key = object.key, .path = object.path, .build_id = object.build_id})) return false;
  object.sent.store(true, std::memory_order_relaxed);
  return true;
}

bool SendStack(const HookScope& scope, const Frames& frames, uint64_t hash) {
  uint64_t* const modules = fdtrace_thread.scratch->modules;
  uint64_t* const addresses = fdtrace_thread.scratch->addresses;
  const size_t count = frames.of_program.size();
  for (size_t i = 0; i < count; ++i) {
    const auto address = reinterpret_cast<uintptr_t>(frames.of_program[i]);
    LoadedObject* const object = FindLoadedObject(address - 1);
    if (object != nullptr && !SendModule(scope, *object)) return false;
    modules[i] = object == nullptr ? 0 : object->key;
    addresses[i] = object == nullptr ? address : address - object->info.dlpi_addr;
  }
  return WriteStack(scope, {.hash = hash,
                            .modules = std::span(modules, count),
                            .addresses = std::span(addresses, count),
                            .truncated = frames.truncated});
}

}  // namespace

uint64_t CaptureStack(const HookScope& scope) {
  // A vfork child could be killed with the unwinder's locks held, which are its parent's too.
  if (InVforkChild()) return fdtrace_thread.vfork_stack;
  const Frames frames = Take(scope);
  if (frames.of_program.empty()) return 0;
  SentStacks* const sent = Sent();
  if (sent == nullptr) return 0;
  const uint64_t hash = HashOf(frames);
  if (WasSent(*sent, hash)) [[likely]]
    return hash;

  if (!SendStack(scope, frames, hash)) return 0;
  MarkSent(*sent, hash);
  return hash;
}

}  // namespace fdtrace
