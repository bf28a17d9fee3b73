#include "collector/session_image.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <new>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "collector/monotonic_clock.h"

namespace fdtrace {
namespace {

constexpr size_t kBatchRecords = 512;
constexpr size_t kMaxArenas = 256;  // rings for as many threads as a process may sensibly have

}  // namespace

absl::StatusOr<SharedMemory> ArenaSupply::Take() {
  if (!next_.has_value()) return SharedMemory::Create(kArenaName, sizeof(Arena));
  SharedMemory taken = *std::move(next_);
  next_.reset();
  return taken;
}

void ArenaSupply::Prepare() {
  if (next_.has_value()) return;
  absl::StatusOr<SharedMemory> made = SharedMemory::Create(kArenaName, sizeof(Arena));
  if (!made.ok()) return;  // the next Take tells why not
  made->Ready(offsetof(Arena, data) + kLikelyRingBytes);
  next_ = *std::move(made);
}

absl::StatusOr<int> TracedImage::AddArena(ArenaSupply& supply) {
  if (arenas_.size() == kMaxArenas) {
    return absl::ResourceExhaustedError(absl::StrCat("process ", pid_, " has ", kMaxArenas * kRingsPerArena, " rings"));
  }
  absl::StatusOr<SharedMemory> memory = supply.Take();
  if (!memory.ok()) return memory.status();
  arenas_.push_back({.memory = *std::move(memory), .readers = {}, .rings_used = 0, .made_ns = MonotonicNs()});
  ArenaHeader& header = arenas_.back().arena().header;
  header.version = kProtocolVersion;
  header.serial = serial_;
  return arenas_.back().memory.fd();
}

bool TracedImage::DrainRing(SharedArena& arena, uint32_t first_number, uint32_t ring, size_t limit, EventParser& parser,
                            EventSink& sink) {
  RingHeader& header = arena.arena().rings[ring];
  RingReader& reader = arena.readers[ring];
  const uint64_t damages_before = reader.damages();
  if (!reader.Look(header)) {
    if (reader.damages() != damages_before) reader.Release(header);
    return false;
  }
  const int64_t now_ns = MonotonicNs();
  for (size_t count = 0; count < limit; ++count) {
    const std::span<const unsigned char> record = reader.Next(arena.arena().data[ring], parser.scratch());
    if (record.empty()) break;
    const Event* const event = parser.Parse(record, now_ns);
    if (event != nullptr) {
      sink.Consume(*this, first_number + ring, *event);
    } else {
      ++unreadable_;
    }
  }
  reader.Release(header);
  return !reader.at_end();
}

void TracedImage::FindNewRings(SharedArena& arena) {
  while (arena.rings_used < kRingsPerArena) {
    const RingHeader& next = arena.arena().rings[arena.rings_used];
    if (next.owner.load(std::memory_order_acquire) == 0 && next.head.load(std::memory_order_relaxed) == 0) return;
    ++arena.rings_used;
  }
}

bool TracedImage::DrainBatch(EventParser& parser, EventSink& sink) {
  bool more = false;
  for (uint32_t a = 0; a < arenas_.size(); ++a) {
    FindNewRings(arenas_[a]);
    for (uint32_t ring = 0; ring < arenas_[a].rings_used; ++ring) {
      more |= DrainRing(arenas_[a], a * kRingsPerArena, ring, kBatchRecords, parser, sink);
    }
  }
  return more;
}

void TracedImage::DrainWholly(EventParser& parser, EventSink& sink) {
  // A ring's worth of the smallest records: what is published while we read cannot keep us here.
  constexpr size_t kAll = kRingBytes / 5;
  for (uint32_t a = 0; a < arenas_.size(); ++a) {
    FindNewRings(arenas_[a]);
    for (uint32_t ring = 0; ring < arenas_[a].rings_used; ++ring) {
      DrainRing(arenas_[a], a * kRingsPerArena, ring, kAll, parser, sink);
    }
  }
}

TracedImage::Lost TracedImage::OwnCounts(uint64_t& unbelievable) const {
  Lost lost;
  const int64_t now_ns = MonotonicNs();
  for (const SharedArena& shared : arenas_) {
    const auto add = [&](const std::atomic<uint64_t>& count, uint64_t& sum) {
      const uint64_t counted = count.load(std::memory_order_relaxed);
      // In each nanosecond one, at most.
      const bool is_possible = counted <= static_cast<uint64_t>(now_ns - shared.made_ns);
      (is_possible ? sum : unbelievable) += is_possible ? counted : 1;
    };
    add(shared.arena().header.lost, lost.events);
    add(shared.arena().header.stackless, lost.stackless);
    for (uint32_t ring = 0; ring < shared.rings_used; ++ring) add(shared.arena().rings[ring].lost, lost.events);
  }
  return lost;
}

TracedImage::Lost TracedImage::CountLost() const {
  uint64_t unbelievable = 0;
  Lost lost = OwnCounts(unbelievable);
  lost.events += damages() + unreadable_;
  return lost;
}

uint64_t TracedImage::damages() const {
  uint64_t damages = 0;
  OwnCounts(damages);
  for (const SharedArena& shared : arenas_) {
    for (const RingReader& reader : shared.readers) damages += reader.damages();
  }
  return damages;
}

bool TracedImage::settled() const {
  return said_hello() && arenas_.front().arena().header.settled.load(std::memory_order_acquire) != 0;
}

uint32_t TracedImage::ExitsWanted() const {
  if (arenas_.empty()) return exits_answered_;
  return arenas_.front().arena().header.exit_wanted.load(std::memory_order_acquire);
}

void TracedImage::AnswerExits(uint32_t wanted) {
  exits_answered_ = wanted;
  if (arenas_.empty()) return;
  std::atomic<uint32_t>& done = arenas_.front().arena().header.exit_done;
  done.store(wanted, std::memory_order_release);
  syscall(SYS_futex, &done, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace fdtrace
