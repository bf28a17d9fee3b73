// What is known of one file while recorded processes hold it, and some time after. Pure.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collector/growth.h"
#include "collector/model.h"
#include "collector/passed_descriptors.h"
#include "collector/place_counts.h"

namespace fdtrace {

using FileId = std::pair<uint64_t, uint64_t>;  // device, inode

// A holder whose process ended while it held the file.
struct LeftHolder {
  uint32_t process = 0;  // serial
  int32_t fd = -1;       // -1: a mapping
  uint64_t at_ns = 0;
  bool alive = false;  // it was recording that ended
  uint32_t opener = 0;
  std::shared_ptr<const Receipt> receipt = nullptr;  // of one that came over a socket
};

// The best that is known of a file's name.
class FileName {
 public:
  enum Source { kArgument, kAbsoluteArgument, kKernel };  // kKernel: or an absolute path that a call gave it

  // Later names replace earlier ones, better ones worse ones.
  void Learn(Source source, uint64_t at_ns, const std::string& path);
  // A path as passed to a call.
  void LearnArgument(uint64_t at_ns, const std::string& path);

  const std::string& path() const { return path_; }
  bool IsKernels() const { return source_ == kKernel && !path_.empty(); }
  uint64_t since_ns() const { return at_ns_; }

 private:
  Source source_ = kArgument;
  uint64_t at_ns_ = 0;
  std::string path_;
};

// PATH as it leads from the root, if it leads from DIRECTORY; as it is where that is not known.
std::string PathBelow(const std::string& directory, const std::string& path);

// The last that could write to a file ended, and has not told how large it left the file: what the next look finds
// grown counts for this place.
struct UnsettledGrowth {
  uint32_t place = 0;
  uint64_t since_ns = 0;   // that end
  bool looked_at = false;  // by its name, some time after that end
  uint64_t until_ns = 0;   // once looked at: what is told of the time until then still counts for the place
};

struct TrackedFile : std::enable_shared_from_this<TrackedFile> {
  struct Removal {
    TracePinned::RemovedBy how = TracePinned::UNKNOWN;
    uint64_t at_ns = 0;
    uint32_t place = 0;
  };

  bool has_holders() const { return holders != 0; }
  // Without a name, and held when its last holder ended.
  bool IsPinned() const;
  // Pinned by what fdtrace's caller passed, and by no doing of the recorded processes.
  bool IsCallers() const { return from_caller && !removed_by_call; }

  FileId id;
  uint64_t first_ns = 0;  // earliest evidence
  uint64_t born_ns = 0;   // a call made it; 0: none that was seen
  FileName name;

  uint64_t bytes = 0;
  uint64_t apparent_bytes = 0;
  uint64_t seen_ns = 0;  // when these were
  uint64_t links = 1;
  uint64_t links_ns = 0;
  Removal removal;
  bool from_caller = false;
  bool removed_by_call = false;
  bool kept_a_name = false;  // when a call removed another
  Resource kind = FILE;      // or MEMFD or SHARED_MEMORY

  uint64_t holders = 0;  // descriptors and mappings of processes that live
  PlaceCounts openers;   // of descriptors
  PlaceCounts writers;   // of those that were opened for writing
  uint32_t last_opener = 0;
  std::vector<LeftHolder> left;
  uint64_t last_closed_ns = 0;  // when a living process gave it up

  uint32_t last_writer = 0;                  // place of the latest
  std::optional<UnsettledGrowth> unsettled;  // without writers only
  GrowthMark mark;
  std::vector<std::pair<uint32_t, uint64_t>> grown;  // bytes by the place that they count for

  uint64_t counted_bytes = 0;  // as pinned, for this place
  uint32_t counted_place = 0;
  std::optional<std::list<std::shared_ptr<TrackedFile>>::iterator> idle;  // its place among those without holders
};

// What makes a descriptor hold a file.
struct FileHold {
  std::shared_ptr<TrackedFile> file;  // null: none that is known
  uint32_t opener = 0;                // place
  bool writes = false;                // opened for writing
  bool listed = false;                // a look has shown that it holds a file without a name
};

}  // namespace fdtrace
