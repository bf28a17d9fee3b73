// By how much files grew while descriptors on them were open, by the code that opened these. Pure.
//  - Every byte that a file grew counts once, however many descriptors are open on it, in whatever order their events
//    are read.
//  - What a file lost in between (truncation) is not taken off: bytes written again count again. But of sizes that are
//    told within kSlackNs, the larger is the newer.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "collector/sites.h"
#include "proto/trace_file.h"

namespace fdtrace {

struct TrackedFile;

// An event's time is taken some time before or after what it tells was so.
inline constexpr uint64_t kSlackNs = 1'000'000;

// The sizes of one file between which growth has been counted.
class GrowthMark {
 public:
  // Seen by a writer that was there before, which so takes what nobody else has taken. Tells how much.
  uint64_t Take(uint64_t at_ns, uint64_t size);
  // Seen by a writer that begins then. It takes what the file grew before all that was seen so far, if it began before.
  uint64_t Begin(uint64_t at_ns, uint64_t size);
  // A call emptied it.
  void Empty(uint64_t at_ns);
  // What it grew since it was seen last is nobody's.
  void Skip(uint64_t at_ns, uint64_t size);

 private:
  void Start(uint64_t at_ns, uint64_t size);

  bool known_ = false;
  uint64_t first_ns_ = 0;
  uint64_t first_size_ = 0;
  uint64_t last_ns_ = 0;
  uint64_t last_size_ = 0;
};

class Growth {
 public:
  // One file has grown by `bytes`, `of_file` in all that the place counts for it.
  void Count(uint32_t place, uint64_t bytes, uint64_t of_file, std::shared_ptr<const TrackedFile> file);

  // How large the file became could not be told: by `of_file` at least, which has been counted.
  void CountAtLeast(uint32_t place, uint64_t of_file, std::shared_ptr<const TrackedFile> file);

  struct OfPlace {
    uint64_t bytes = 0;
    uint64_t files = 0;
  };
  // By place, what has been counted for files of a device.
  absl::flat_hash_map<uint32_t, OfPlace> On(uint64_t device) const;

  // The place whose files grew most comes first.
  absl::Status Write(const Sites& sites, TraceWriter& writer) const;

 private:
  struct Row {
    uint64_t bytes = 0;
    uint64_t files = 0;
    uint64_t most = 0;                        // that one file grew
    std::shared_ptr<const TrackedFile> file;  // that one, which may get another name yet
    bool at_least = false;

    void Add(const Row& other);
  };

  absl::flat_hash_map<uint32_t, Row> rows_;  // by place
  absl::flat_hash_map<uint64_t, absl::flat_hash_map<uint32_t, OfPlace>> by_device_;
};

}  // namespace fdtrace
