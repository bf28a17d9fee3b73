#include "interposer/ring_writer.h"

#include <linux/futex.h>
#include <time.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>

#include "interposer/hook_scope.h"
#include "interposer/memory.h"
#include "interposer/nap.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "interposer/stacks.h"
#include "interposer/thread_ends.h"

namespace fdtrace {
namespace {

constexpr uint64_t kLengthBytes = 4;
// Room that only signal handlers may use, so that one can still write where the code beneath it has reserved the rest.
constexpr uint64_t kHandlerMargin = 2 * (kMaxEventBytes + kLengthBytes);
constexpr size_t kFirstBytes = 2 * kPageBytes;  // that any thread writes
constexpr timespec kNap = {.tv_sec = 0, .tv_nsec = 100'000};
constexpr int kMaxTurns = 256;
constexpr int kMaxPauses = 200;   // some ten milliseconds, where it cannot sleep
constexpr int kMaxNaps = 20'000;  // about two seconds, then the event is given up

bool ThreadIsGone(uint32_t tid) {
  if (!MayCall(OurCall::kThreadIsGone)) return false;
  const long pid = RawSyscall(SYS_getpid);
  return RawSyscall(SYS_tgkill, pid, static_cast<long>(tid), 0) == -ESRCH;
}

struct FoundRing {
  RingHeader* header;
  unsigned char* bytes;
  unsigned char* scratch;
};

// The newest arenas first, for the others are taken.
FoundRing FindRing(Attachment& attachment, uint32_t tid, bool of_ended_threads) {
  for (uint32_t a = attachment.arena_count.load(std::memory_order_acquire); a-- > 0;) {
    Arena& arena = *attachment.arenas[a].load(std::memory_order_relaxed);
    for (uint32_t r = 0; r < kRingsPerArena; ++r) {
      uint32_t owner = arena.rings[r].owner.load(std::memory_order_relaxed);
      if (owner == 0 ? of_ended_threads : !of_ended_threads || !ThreadIsGone(owner)) continue;
      if (arena.rings[r].owner.compare_exchange_strong(owner, tid, std::memory_order_acq_rel)) {
        return {&arena.rings[r], arena.data[r], arena.scratch[r]};
      }
    }
  }
  return {};
}

// By turns: to find an ended thread takes a system call for each that has not, and thousands may be looking.
FoundRing ObtainRing(Attachment& attachment) {
  if (!MayCall(OurCall::kThreadId)) return {};
  const auto tid = static_cast<uint32_t>(RawSyscall(SYS_gettid));
  FoundRing found = FindRing(attachment, tid, /*of_ended_threads=*/false);
  // Other threads may take the new rings before we do.
  for (int i = 0; i < kMaxTurns && found.header == nullptr; ++i) {
    if (!MayCall(OurCall::kHello)) return FindRing(attachment, tid, /*of_ended_threads=*/true);
    const Turn turn(attachment);
    found = FindRing(attachment, tid, /*of_ended_threads=*/false);
    if (found.header != nullptr || turn.anothers_is_over()) continue;
    found = FindRing(attachment, tid, /*of_ended_threads=*/true);
    if (found.header != nullptr) break;
    if (!turn.is_ours() || !GrowArenas(attachment, turn)) break;
    found = FindRing(attachment, tid, /*of_ended_threads=*/false);
  }
  return found;
}

bool CollectorMakesRoom(const HookScope& scope, RingHeader& ring, uint64_t wanted_tail) {
  ThreadState& thread = fdtrace_thread;
  SessionPage& session = *scope.attachment().session;
  // A collector that let one event down is not waited for again until it moves.
  const uint64_t tail_before = ring.tail.load(std::memory_order_acquire);
  if (thread.stalled_at == tail_before + 1) return false;
  for (int nap = 0; nap < kMaxNaps; ++nap) {
    thread.tail_seen = ring.tail.load(std::memory_order_acquire);
    if (thread.tail_seen >= wanted_tail) return true;
    if (!CollectorLives(session)) return false;
    RingBell(session);
    if (!Nap(kNap) && nap >= kMaxPauses) return false;
  }
  thread.stalled_at = ring.tail.load(std::memory_order_acquire) + 1;
  return false;
}

bool HasRoom(const HookScope& scope, RingHeader& ring, uint64_t bytes) {
  ThreadState& thread = fdtrace_thread;
  const uint64_t margin = scope.nested() ? 0 : kHandlerMargin;
  const uint64_t end = ring.reserved.load(std::memory_order_relaxed) + bytes + margin;
  if (end - thread.tail_seen <= kRingBytes / 2) [[likely]]
    return true;
  thread.tail_seen = ring.tail.load(std::memory_order_acquire);
  if (end - thread.tail_seen <= kRingBytes / 2) return true;
  RingBell(*scope.attachment().session);
  if (end - thread.tail_seen <= kRingBytes) return true;
  return !scope.nested() && CollectorMakesRoom(scope, ring, end - kRingBytes);
}

void CopyIn(unsigned char* ring, uint64_t position, const void* from, uint64_t count) {
  const uint64_t at = position % kRingBytes;
  const uint64_t first = count < kRingBytes - at ? count : kRingBytes - at;
  std::memcpy(ring + at, from, first);
  std::memcpy(ring, static_cast<const unsigned char*>(from) + first, count - first);
}

// Most processes take one ring, and it is this.
void ReadyForFirstRing(Attachment& attachment) {
  ReadyPages(attachment.arenas[0].load(std::memory_order_relaxed), offsetof(Arena, data) + kLikelyRingBytes);
  ReadyStacks();
}

void CountLost(std::atomic<uint64_t>& lost, Attachment& attachment) {
  lost.fetch_add(1, std::memory_order_relaxed);
  attachment.last_look.Want();
}

}  // namespace

bool ClaimRing(Attachment& attachment) {
  ThreadState& thread = fdtrace_thread;
  if (!attachment.records.exchange(true, std::memory_order_relaxed)) ReadyForFirstRing(attachment);
  const FoundRing found = ObtainRing(attachment);
  if (found.header == nullptr) {
    CountLost(attachment.arenas[0].load(std::memory_order_relaxed)->header.lost, attachment);
    return false;
  }
  ReadyPages(found.bytes, kFirstBytes);
  ReadyPages(found.scratch, kLikelyScratchBytes);
  found.header->reserved.store(found.header->head.load(std::memory_order_relaxed), std::memory_order_relaxed);
  thread.ring = found.header;
  thread.ring_bytes = found.bytes;
  thread.scratch = reinterpret_cast<Scratch*>(found.scratch);
  thread.tail_seen = found.header->tail.load(std::memory_order_acquire);
  thread.stalled_at = 0;
  thread.next_lifetime = thread.lifetimes_end = 0;
  thread.announced = thread.named = false;
  thread.serial = attachment.serial.load(std::memory_order_relaxed);
  WatchThisThreadsEnd();
  return true;
}

bool HasRing(const Attachment& attachment) {
  return fdtrace_thread.serial == attachment.serial.load(std::memory_order_relaxed);
}

// A handler in between takes another ring. One that was never written to stays taken: the collector looks no further
// than to the first of an arena that is free and empty.
void ReleaseRing() {
  ThreadState& thread = fdtrace_thread;
  const Attachment* const attachment = AttachedAlready();
  if (attachment == nullptr || thread.scope != nullptr || InVforkChild()) return;
  if (!HasRing(*attachment)) return;
  RingHeader& ring = *thread.ring;
  if (ring.head.load(std::memory_order_relaxed) == 0) return;
  thread.serial = 0;
  ring.owner.store(0, std::memory_order_release);
}

bool WriteRecord(const HookScope& scope, std::span<const unsigned char> event) {
  RingHeader& ring = *fdtrace_thread.ring;
  const auto length = static_cast<uint32_t>(event.size());
  if (length == 0 || !HasRoom(scope, ring, kLengthBytes + length)) [[unlikely]] {
    CountLost(ring.lost, scope.attachment());
    return false;
  }
  // One instruction: a handler that comes after it writes behind us, one before it is in front.
  const uint64_t at = ring.reserved.fetch_add(kLengthBytes + length, std::memory_order_relaxed);
  CopyIn(fdtrace_thread.ring_bytes, at, &length, kLengthBytes);
  CopyIn(fdtrace_thread.ring_bytes, at + kLengthBytes, event.data(), length);
  return true;
}

void PublishRecords() {
  RingHeader& ring = *fdtrace_thread.ring;
  uint64_t reserved = ring.reserved.load(std::memory_order_relaxed);
  for (;;) {
    ring.head.store(reserved, std::memory_order_release);
    const uint64_t now = ring.reserved.load(std::memory_order_relaxed);
    if (now == reserved) return;
    reserved = now;  // a handler came between the load and the store
  }
}

void AbandonRecord() {
  RingHeader& ring = *fdtrace_thread.ring;
  const uint64_t head = ring.head.load(std::memory_order_relaxed);
  if (ring.reserved.load(std::memory_order_relaxed) != head) {
    ring.reserved.store(head, std::memory_order_relaxed);
    if (Attachment* const attachment = AttachedAlready()) CountLost(ring.lost, *attachment);
  }
}

void RingBell(SessionPage& session) {
  session.bell.fetch_add(1, std::memory_order_seq_cst);
  if (session.collector_sleeps.load(std::memory_order_seq_cst) != 0 && MayCall(OurCall::kFutex)) {
    RawSyscall(SYS_futex, &session.bell, FUTEX_WAKE, INT_MAX);
  }
}

}  // namespace fdtrace
