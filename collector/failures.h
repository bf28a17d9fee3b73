// Calls that failed for want of descriptors or space: counted by code, error and cause, with a picture of who had taken
// what was missing when the first of each failed. Pure.
//  - When the same code fails for another limit or another file system, or when other code has most of what is missing,
//    that is another picture and another row, at most kMaxPictures of them. Who has most is asked for at most every
//    kRecheckNs: a program that has run out may fail in a loop.
//  - Of a file system the picture is taken again when the process that failed is looked at next: only a look tells how
//    large files have become that are still open.
//  - Memory follows the code that fails, never the number of calls.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "collector/created_files.h"
#include "collector/files.h"
#include "collector/model.h"
#include "collector/open_counts.h"
#include "collector/sites.h"
#include "proto/trace_file.h"

namespace fdtrace {

class Failures {
 public:
  static constexpr size_t kMaxBlamed = 20;
  static constexpr uint32_t kMaxPictures = 5;
  static constexpr uint64_t kRecheckNs = 100'000'000;

  struct Call {
    const Failed& failed;
    uint64_t at_ns = 0;
    uint32_t place = 0;
    std::string function;  // empty: not known (yet)
    uint32_t process = 0;  // serial
    SystemLimits limits = {};
  };

  // OPEN() tells what the process has open; it is asked at the first of each row, and again as told above.
  void Count(const Call& call, uint64_t open_count, absl::FunctionRef<OpenCounts()> open, const Files& files,
             const CreatedFiles& created, const Sites& sites);

  // The files of the process have been looked at.
  void LookedAt(uint32_t process, uint64_t at_ns, const Files& files, const CreatedFiles& created);

  // The most frequent first.
  absl::Status Write(const Sites& sites, const std::vector<MountedOn>& mounted, TraceWriter& writer) const;

 private:
  // Code that has what was missing.
  struct Share {
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t pinned_bytes = 0;
    uint64_t pinned_files = 0;

    void Add(const Share& other);
  };
  using Shares = absl::flat_hash_map<uint32_t, Share>;  // by place; the largest kMaxBlamed

  // A picture and how often the code failed since.
  struct Row {
    TraceFailure told;  // all but the places, the count and who is blamed
    uint64_t count = 0;
    Shares shares;
    bool awaits_look = false;
    uint64_t checked_ns = 0;  // whether the picture has changed
  };
  using Pictures = std::vector<Row>;
  struct Key {
    uint32_t place = 0;
    int32_t error = 0;
    TraceFailure::Cause cause = TraceFailure::UNKNOWN;

    auto operator<=>(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.place, key.error, static_cast<int>(key.cause));
    }
  };

  static Row NewRow(const Call& call, TraceFailure::Cause cause);
  static bool MayHaveChanged(const Call& call, const Row& row);
  static bool HasChanged(const Row& before, const Row& now);
  static void TakeOpen(const Call& call, const OpenCounts& open, const Sites& sites, Row& row);
  static void TakeSpace(const Files& files, const CreatedFiles& created, Row& row);
  static void KeepLargest(Shares& shares);
  static void Join(const Row& row, Row& sum);
  TraceFailure ToTrace(const Key& key, const Row& row, const Sites& sites, const std::vector<MountedOn>& mounted) const;

  absl::flat_hash_map<Key, Pictures> rows_;
  size_t awaiting_look_ = 0;  // rows
};

}  // namespace fdtrace
