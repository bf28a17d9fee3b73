// Tells a program that tries one number after the other, open or not, as daemons do to close what they inherited, from
// one that uses a descriptor it has closed. Of each thread by itself; in a signal handler at worst a series is taken
// for two.
#pragma once

#include <cstdint>

#include "interposer/rows.h"

namespace fdtrace {

class NumberSeries {
 public:
  enum class Seen { kMistake, kSweep, kSweepGoesOn };

  // The function was given a number that is not open. kSweep the third time that it was the one before's neighbour, in
  // one direction, and kSweepGoesOn from then on.
  Seen NotOpen(Row row, int fd) {
    if (Continues(row, fd)) {
      Move(fd);
    } else {
      *this = {};
      row_ = row;
      last_ = fd;
    }
    if (not_open_ <= kMistakes) ++not_open_;
    if (not_open_ <= kMistakes) return Seen::kMistake;
    if (told_) return Seen::kSweepGoesOn;
    told_ = true;
    return Seen::kSweep;
  }

  // One that is open, between them, does not end the series.
  void Open(Row row, int fd) {
    if (not_open_ == 0) [[likely]]
      return;
    if (Continues(row, fd)) {
      Move(fd);
    } else {
      *this = {};
    }
  }

 private:
  static constexpr uint8_t kMistakes = 2;

  bool Continues(Row row, int fd) const {
    if (not_open_ == 0 || row != row_) return false;
    return step_ != 0 ? fd == last_ + step_ : fd == last_ + 1 || fd == last_ - 1;
  }
  void Move(int fd) {
    step_ = fd - last_;
    last_ = fd;
  }

  Row row_ = {};
  int last_ = 0;
  int step_ = 0;  // 1 or -1; 0 while there is one number
  uint8_t not_open_ = 0;
  bool told_ = false;
};

}  // namespace fdtrace
