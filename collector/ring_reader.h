// Takes records out of one ring, whatever its writer does.
//
//  - A record is copied out before it is looked at: the writer may change it while we read.
//  - Lengths and positions are checked against each other; where they cannot be, everything up to head is given up and
//    counted as one damage. Reading goes on from there.
//  - Our position is our own: the ring's tail tells the writer, and is never read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/session.h"

namespace fdtrace {

class RingReader {
 public:
  // The bytes of the record last read; shared by all readers of a thread.
  struct Scratch {
    unsigned char bytes[kMaxEventBytes];
  };

  // Looks how far the writer has come. False: nothing new.
  bool Look(const RingHeader& ring);

  // The next record published before Look, in SCRATCH; empty when there is none.
  std::span<const unsigned char> Next(const unsigned char* data, Scratch& scratch);

  // Gives the room of what was read back to the writer.
  void Release(RingHeader& ring) const { ring.tail.store(position_, std::memory_order_release); }

  bool at_end() const { return position_ == head_; }
  uint64_t damages() const { return damages_; }

 private:
  std::span<const unsigned char> Damaged();

  uint64_t position_ = 0;
  uint64_t head_ = 0;
  uint64_t damages_ = 0;
};

}  // namespace fdtrace
