// What programs received from the process that ran them, by the code that opened it and the program. Pure.
//  - Its size follows places times programs, never descriptors or processes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "collector/opener.h"
#include "collector/sites.h"
#include "proto/trace_file.h"

namespace fdtrace {

struct Receiver {
  std::string executable;
  uint32_t process = 0;  // serial
  uint64_t at_ns = 0;
};

class InheritedDescriptors {
 public:
  // An opener without a place is fdtrace's own caller.
  void Count(const Opener& opener, int fd, const Receiver& receiver);

  // Every place has a site, so that it is written though the opening itself was lost.
  void MakeSites(Sites& sites) const;
  absl::Status Write(const Sites& sites, const absl::flat_hash_map<uint32_t, uint32_t>& site_of_place,
                     TraceWriter& writer) const;

 private:
  static constexpr size_t kMaxNumbers = 64;

  struct Row {
    uint64_t count = 0;
    std::set<int> fds;
    uint64_t first_ns = UINT64_MAX;
    uint32_t process = 0;  // these three: of the first
    int fd = -1;
    uint32_t opener_pid = 0;

    void Add(const Row& other);
  };

  std::map<std::pair<uint32_t, std::string>, Row> rows_;  // by place and executable
};

}  // namespace fdtrace
