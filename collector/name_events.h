// What happened to the names of files, in the order of time, whichever order it was told in. Pure.
//  - As far as kMaxWaiting events reach: of what is told so late that more have been told since with later times, the
//    order is that of the telling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/tracked_file.h"

namespace fdtrace {

// Paths are absolute, or else of no use.
struct NameEvent {
  enum What : uint8_t {
    kCreated,         // the program made a file, at `place`, by the name of `path`
    kCreatedUnnamed,  // the same without a name
    kLinked,          // it got the name of `path`; `links`: how many it has now
    kRenamed,         // it got the name of `path` for that of `old_path`; empty: for any that it had
    kUnlinked,        // it lost the name of `path`; `links`: how many it has left
    kMoved,           // a directory got the name of `path` for that of `old_path`
  };
  What what = kCreated;
  uint64_t at_ns = 0;
  FileId file = {};
  std::string path = {};
  std::string old_path = {};
  uint32_t place = 0;
  uint64_t links = 1;
  bool replaced = false;   // kRenamed: another file had the name
  bool exchanged = false;  // kMoved: what had the new name got the old one
};

class NameEvents {
 public:
  static constexpr size_t kMaxWaiting = 16'384;

  explicit NameEvents(size_t max_waiting = kMaxWaiting) : max_waiting_(max_waiting) {}

  void Add(NameEvent event);
  // The earliest, once more than may wait are there.
  std::optional<NameEvent> TakeDue();
  // The earliest of all.
  std::optional<NameEvent> Take();
  // Those that wait, the earliest first.
  std::vector<const NameEvent*> AllWaiting() const;

 private:
  struct Waiting {
    uint64_t at_ns;
    uint64_t order;  // of the telling
    std::unique_ptr<NameEvent> event;
  };
  static bool IsLater(const Waiting& one, const Waiting& other);

  size_t max_waiting_;
  uint64_t told_ = 0;
  std::vector<Waiting> waiting_;  // a heap, the earliest first
};

}  // namespace fdtrace
