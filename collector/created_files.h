// The files that the recorded processes made and did not remove, by the code that made them; and what is left of them
// in the end, by directory and pattern of the names. Pure.
//  - Of kMaxFiles each is known; what is made beyond that is counted by directory, pattern and code alone, and nobody
//    looks whether it is still there.
//  - A file counts once, whatever names it has. Directories do not count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "collector/file_names.h"
#include "collector/name_events.h"
#include "collector/place_counts.h"
#include "collector/tracked_file.h"
#include "proto/trace_file.h"

namespace fdtrace {

class CreatedFiles {
 public:
  static constexpr size_t kMaxFiles = 100'000;
  static constexpr size_t kMaxPatterns = 10'000;
  static constexpr size_t kMaxUnnamed = 16'384;  // the latest, and no more

  explicit CreatedFiles(size_t max_files = kMaxFiles) : max_files_(max_files), names_(max_files) {}

  void Tell(NameEvent event);

  // All has been told. Files that have but taken the place of others from before are not among them.
  std::vector<CreatedFile> Remaining();
  // It is still there, by its `path`.
  void LeftBehind(const CreatedFile& file, const FileFacts& facts);

  // How many files of a device are there still, as far as has been told, by the place that made them. It takes as long
  // as there are files known.
  absl::flat_hash_map<uint32_t, uint64_t> CountOn(uint64_t device) const;

  // How many are counted though nobody looked whether they are still there.
  uint64_t not_looked_at() const { return not_looked_at_; }
  // After Remaining. Temporary files first, then most bytes first.
  absl::Status Write(const Sites& sites, TraceWriter& writer) const;

 private:
  struct Maker {
    uint64_t at_ns = 0;
    uint32_t place = 0;
  };
  struct File {
    Maker made;
    std::string left_at;  // empty: it is not left
    uint64_t bytes = 0;
    uint64_t apparent_bytes = 0;
  };
  struct Row {
    uint64_t files = 0;
    uint64_t bytes = 0;
    uint64_t apparent_bytes = 0;
    PlaceCounts places;

    void Add(const Row& other);
  };
  using Rows = std::map<std::pair<std::string, std::string>, Row>;  // by directory and pattern

  void Apply(const NameEvent& event);
  void Make(const FileId& id, const Maker& maker, const std::string& path);
  void MakeUnnamed(const FileId& id, const Maker& maker);
  void Link(const NameEvent& event);
  void Rename(const NameEvent& event);
  void Unlink(const NameEvent& event);
  void CountBeyond(uint64_t device, const std::string& path, uint32_t place);
  void UncountBeyond(uint64_t device, const std::string& path);
  Rows Fold() const;

  size_t max_files_;
  NameEvents events_;
  absl::flat_hash_map<FileId, File> files_;
  FileNames names_;
  absl::flat_hash_map<FileId, Maker> unnamed_;
  std::deque<FileId> unnamed_in_order_;
  Rows beyond_;                                           // max_files_
  absl::flat_hash_map<uint64_t, PlaceCounts> beyond_on_;  // the same, by device
  uint64_t not_looked_at_ = 0;
};

// Whether a directory is one for temporary files, or lies below one.
bool IsTemporary(const std::string& directory);

}  // namespace fdtrace
