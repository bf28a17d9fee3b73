// The files that the recorded processes made and did not remove, by the code that made them; and what is left of them
// in the end, by directory and pattern of the names. Pure.
//  - Of kMaxFiles each is known; what is made beyond that is counted by directory, pattern and code alone, and nobody
//    looks whether it is still there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "collector/place_counts.h"
#include "collector/tracked_file.h"
#include "proto/trace_file.h"

namespace fdtrace {

class CreatedFiles {
 public:
  static constexpr size_t kMaxFiles = 100'000;
  static constexpr size_t kMaxPatterns = 10'000;

  explicit CreatedFiles(size_t max_files = kMaxFiles) : max_files_(max_files) {}

  void Created(const FileId& id, uint64_t at_ns, const std::string& path, uint32_t place);
  void Removed(const FileId& id, uint64_t at_ns, const std::string& path);
  // REPLACED: another file had the name. If the program had not made that one, it has only changed what was there
  // before.
  void Renamed(const FileId& id, uint64_t at_ns, const std::string& path, bool replaced);

  std::vector<CreatedFile> Remaining() const;
  // It is still there.
  void LeftBehind(const CreatedFile& file, const FileFacts& facts);

  // How many are counted though nobody looked whether they are still there.
  uint64_t not_looked_at() const { return not_looked_at_; }
  // Temporary files first, then most bytes first.
  absl::Status Write(const Sites& sites, TraceWriter& writer) const;

 private:
  struct File {
    std::string path;
    uint64_t at_ns = 0;
    uint32_t place = 0;
    bool left = false;
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

  Rows Fold() const;

  size_t max_files_;
  absl::flat_hash_map<FileId, File> files_;
  absl::flat_hash_set<std::string> names_;  // that the program made, of files gone by as well; no more than max_files_
  Rows beyond_;                             // max_files_
  uint64_t not_looked_at_ = 0;
};

// Whether a directory is one for temporary files, or lies below one.
bool IsTemporary(const std::string& directory);

}  // namespace fdtrace
