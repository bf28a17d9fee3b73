// The last lifetimes of the descriptors that had one number in a program image, in whichever order they are told. Pure.
//  - It keeps kKept of them. What was before those it does not know, and says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "collector/thread_label.h"

namespace fdtrace {

struct NumberOpening {
  uint64_t id = 0;
  uint64_t at_ns = 0;
  uint32_t place = 0;  // as Sites numbers them
  ThreadLabel thread = {};
  uint64_t replaced = 0;  // as in Opened
  bool overwrote = false;
};

struct NumberClosing {
  uint64_t id = 0;  // 0: of a descriptor that the image was given, or whose opening was not seen
  uint64_t at_ns = 0;
  uint32_t place = 0;
  ThreadLabel thread = {};
  bool own = false;  // the id is one of the image's own, so that its opening is told as well
};

struct NumberUse {
  static constexpr uint64_t kStillOpen = UINT64_MAX;

  uint64_t id = 0;         // 0: the image was given it, or its opening was not seen
  uint64_t opened_ns = 0;  // where that is not known: when it was closed
  uint64_t closed_ns = kStillOpen;
  uint32_t opened_at = 0;  // place; 0: not known
  uint32_t closed_at = 0;  // place; 0: nobody was seen to close it
  uint32_t opener = 0;     // number of the thread; 0: not known
  ThreadLabel closer = {};

  bool is_open() const { return closed_ns == kStillOpen; }
};

class NumberHistory {
 public:
  static constexpr size_t kKept = 3;

  // The image was given a descriptor with this number, opened at `place` if that is not 0.
  void Given(uint32_t place);
  // It may have had one, and does not have it any more.
  void MayHaveHad();
  void Open(const NumberOpening& opening);
  void Close(const NumberClosing& closing);
  // /proc showed it to be open.
  void SeenOpen(uint64_t at_ns);

  struct Before {
    const NumberUse* last = nullptr;   // that began before; null: none is known
    const NumberUse* elder = nullptr;  // the one before that; likewise
    bool never_open = false;           // not even by what is no longer known
  };
  Before At(uint64_t at_ns) const;
  const NumberUse* Find(uint64_t id) const;  // null: none is known
  // It was open at a time after that, by whatever opening.
  bool SeenOpenSince(uint64_t at_ns) const { return seen_open_ns_ > at_ns; }
  // There is one that was given and is still open.
  bool HasGiven() const;

 private:
  NumberUse* Known(uint64_t id);
  NumberUse* OpenWithoutId(uint64_t before_ns);
  void Insert(const NumberUse& use);

  std::vector<NumberUse> uses_;  // as they began
  uint64_t seen_open_ns_ = 0;
  bool forgot_ = false;
};

}  // namespace fdtrace
