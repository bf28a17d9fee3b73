// Which processes are to be recorded, as --follow asks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fdtrace {

struct Follow {
  enum class Whom {
    kAll,
    kRoot,     // the program's own process, through all its execs
    kMatching  // processes whose executable PATTERN matches, and the children they fork
  };
  Whom whom = Whom::kAll;
  std::string pattern = {};  // of fnmatch(3), for the name of the executable's file or its whole path

  // As --follow has it: "all", "none", or a pattern.
  static Follow Of(const std::string& asked);

  bool Includes(bool is_root, bool forked, const std::string& executable) const;
};

// Counts processes that ask again and again once each, as far as its short memory reaches.
class NotFollowed {
 public:
  void Add(pid_t pid);
  uint64_t count() const { return count_; }

 private:
  uint64_t count_ = 0;
  std::vector<pid_t> latest_;
  size_t oldest_ = 0;
};

}  // namespace fdtrace
