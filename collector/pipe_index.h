// Where in the traced processes the ends of pipes are open.
//
//  - An answer is checked against /proc before it is given.
//  - The processes are all looked through at most one twentieth of the time, however many there are and however often
//    it is asked: they wait for us meanwhile.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/procfs.h"

namespace fdtrace {

class PipeIndex {
 public:
  struct End {
    pid_t pid = 0;
    int fd = -1;
    DescriptorDirectory::Access access;
  };
  struct Answer {
    std::optional<End> end;
    bool certain = false;  // where there is none: everybody was looked at just now
  };

  // An end of pipe INODE for writing (or else for reading), in one of PROCESSES other than ASKING.
  Answer Find(uint64_t inode, bool for_writing, pid_t asking, std::span<const pid_t> processes);

 private:
  std::optional<End> Known(uint64_t inode, bool for_writing, pid_t asking);
  void LookThrough(std::span<const pid_t> processes);

  absl::flat_hash_map<uint64_t, std::vector<End>> ends_;
  int64_t looked_ns_ = 0, look_took_ns_ = 0;
  bool complete_ = false;
};

}  // namespace fdtrace
