#include "interposer/closed_streams.h"

#include <atomic>

#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/readable_address.h"
#include "interposer/seccomp_calls.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

// Of libio.h, as old as the FILE's layout.
constexpr unsigned kMagic = 0xfbad0000;
constexpr unsigned kMagicMask = 0xffff0000;
constexpr unsigned kNoReads = 4;
constexpr unsigned kNoWrites = 8;

struct Entry {
  std::atomic<const void*> stream;  // null: none, or being written
  std::atomic<uint64_t> id;
  std::atomic<int> fd;
};
constexpr size_t kEntries = 64;
constinit Entry g_entries[kEntries] = {};

// A stream lies at a multiple of 16 and takes some 500 bytes.
Entry& EntryOf(const void* stream) { return g_entries[(reinterpret_cast<uintptr_t>(stream) >> 4) * 37 % kEntries]; }

// What is freed is written over at its start by the allocator, or else is as closing left it. A maker that is none of
// ours may have made a stream there.
bool MayBeLive(const FILE* stream) {
  if (!IsReadable(stream)) return false;
  const auto flags = static_cast<unsigned>(stream->_flags);
  return (flags & kMagicMask) == kMagic && (flags & (kNoReads | kNoWrites)) != (kNoReads | kNoWrites);
}

// Which are not freed; closing them again does no harm.
bool IsStandard(const FILE* stream) { return stream == stdin || stream == stdout || stream == stderr; }

}  // namespace

void RememberClosed(const FILE* stream, const ClosedStreamFacts& facts) {
  if (IsStandard(stream)) return;
  Entry& entry = EntryOf(stream);
  entry.stream.store(nullptr, std::memory_order_relaxed);
  entry.id.store(facts.id, std::memory_order_release);
  entry.fd.store(facts.fd, std::memory_order_release);
  entry.stream.store(stream, std::memory_order_release);
}

void ForgetClosed(const void* object) {
  if (object == nullptr) return;
  Entry& entry = EntryOf(object);
  if (entry.stream.load(std::memory_order_relaxed) == object) entry.stream.store(nullptr, std::memory_order_relaxed);
}

bool RecordClosedBefore(Row row, const FILE* stream) {
  const Entry& entry = EntryOf(stream);
  if (entry.stream.load(std::memory_order_acquire) != stream) [[likely]]
    return false;
  const ClosedStreamFacts facts = {.id = entry.id.load(std::memory_order_acquire),
                                   .fd = entry.fd.load(std::memory_order_acquire)};
  const bool is_whole = entry.stream.load(std::memory_order_relaxed) == stream;
  if (!is_whole || !MayCall(OurCall::kTestAddress) || MayBeLive(stream)) return false;
  const HookScope scope;
  if (scope.recording()) {
    scope.attachment().last_look.Want();
    WriteFailed(scope,
                {.row = row, .stack = CaptureStack(scope), .fd = facts.fd, .id = facts.id, .stream_again = true});
  }
  return true;
}

}  // namespace fdtrace
