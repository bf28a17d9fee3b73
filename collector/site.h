// A site: all lifetimes that began at one place in the code, folded as they end. Pure.
//  - opened == closed + still open, at any time; closed == the sum over closers + closed_unseen.
//  - Peak and shape count what was open at one moment: what a process left open counts no more once it has ended.
//  - Its size follows the number of places that close, never the number of lifetimes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/shape.h"
#include "proto/event.pb.h"

namespace fdtrace {

class Site {
 public:
  void Opened(uint64_t at_ns);
  // An end that an event told, by the code at `closer`.
  void Closed(uint64_t opened_ns, uint64_t at_ns, uint32_t closer);
  // An end that was noticed afterwards: when and by whom is not known.
  void ClosedUnseen(uint64_t noticed_ns);
  // The close was told after all.
  void UnseenTold(uint64_t opened_ns, uint64_t at_ns, uint32_t closer);
  // A process ended and left this many open.
  void Left(uint64_t count);
  // A process that opened here ended.
  void ProcessEnded(uint64_t at_ns);

  // Takes over what another site counted: they turned out to be the same.
  void Absorb(Site& other);

  uint64_t opened() const { return opened_; }
  uint64_t closed() const { return closed_; }
  uint64_t closed_unseen() const { return closed_unseen_; }
  uint64_t first_opened_ns() const { return first_opened_ns_; }
  uint64_t still_open() const { return opened_ - closed_; }
  const absl::flat_hash_map<uint32_t, uint64_t>& closers() const { return closers_; }
  // All but index, stack, function and closed_at, which only the owner of the places can tell.
  TraceSite ToTrace() const;

  Resource made = RESOURCE_UNKNOWN;      // what the function makes by its name
  Resource resource = RESOURCE_UNKNOWN;  // the best that is known

 private:
  void Operation(uint64_t at_ns);
  void CountClose(uint64_t opened_ns, uint64_t at_ns, uint32_t closer);

  uint64_t opened_ = 0;
  uint64_t closed_ = 0;
  uint64_t closed_unseen_ = 0;
  uint32_t open_now_ = 0;
  uint32_t peak_ = 0;
  uint64_t first_opened_ns_ = UINT64_MAX;
  uint64_t last_opened_ns_ = 0;
  uint64_t last_active_ns_ = 0;
  uint64_t ended_ns_ = 0;
  absl::flat_hash_map<uint32_t, uint64_t> closers_;
  std::vector<uint64_t> lived_;  // a histogram, up to the last bin that has something; most sites need few
  Shape shape_;
};

}  // namespace fdtrace
