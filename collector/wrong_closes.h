// Calls that were given the number of a descriptor that was not open, or a stream that was closed, over all processes:
// counted by what happened and where. Pure.
//  - Its size follows places in the code, never calls.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "absl/status/status.h"
#include "collector/sites.h"
#include "collector/thread_label.h"
#include "proto/trace_file.h"

namespace fdtrace {

// One such call.
struct WrongClose {
  enum What : uint8_t {
    kClosedBefore,     // the last that had the number was closed by a call that was seen
    kClosedByAnother,  // the same, by a thread that had closed that number before, of what others had opened since
    kNeverOpened,
    kStreamAgain,
  };
  What what = kClosedBefore;
  uint32_t at = 0;  // places
  uint32_t previously_closed_at = 0;
  uint32_t originally_opened_at = 0;
  int fd = -1;
  uint32_t process = 0;  // serial; set by Add
  uint64_t at_ns = 0;
  ThreadLabel thread = {};
  ThreadLabel previous_thread = {};  // that closed it before
};

class WrongCloses {
 public:
  void Count(const WrongClose& one);
  // Those of one process.
  void Add(const WrongCloses& others, uint32_t process);
  // Forgets what is not certain where something was not seen: events were lost; or descriptors were opened unseen, of
  // which any number may have been one.
  void KeepOnlyStreams();
  void ForgetNeverOpened();

  absl::Status Write(const Sites& sites, TraceWriter& writer) const;

 private:
  using Key = std::tuple<WrongClose::What, uint32_t, uint32_t, uint32_t>;  // and the three places
  struct Row {
    WrongClose first;
    uint64_t count = 0;

    void Add(const Row& other);
  };

  std::map<Key, Row> rows_;
};

}  // namespace fdtrace
