// Which of a program image's calls were given a number that no descriptor had, and what had become of it. Pure.
//  - Events of several threads come in any order. So a failed call waits, with what is known of its number then, and
//    what is told later of earlier times is added, until Settle or until kMaxWaiting more have come.
//  - Nothing is said of a number that was open or may have been, whoever closed it unseen.
//  - Memory follows the numbers that were used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/model.h"
#include "collector/number_history.h"
#include "collector/opener.h"
#include "collector/wrong_closes.h"

namespace fdtrace {

struct CallOnClosed {
  uint64_t at_ns = 0;
  uint64_t id = 0;  // of the lifetime that the process took the number for; 0: of none
  uint32_t place = 0;
  ThreadLabel thread = {};
  bool stream_again = false;  // it closes a stream that had that lifetime and was closed before
};

class ClosedNumbers {
 public:
  static constexpr size_t kMaxWaiting = 8192;

  // What the images before it had: which numbers, as far as it may have had them too; nullopt: not known.
  using Had = std::optional<std::vector<int>>;

  // `openers`: of what it was given, as far as they are known.
  ClosedNumbers(const Image& image, const Openers& openers, const Had& had);

  // For a copy of the process.
  Had ToChild() const;

  void Open(int fd, const NumberOpening& opening);
  void Close(int fd, const NumberClosing& closing);
  // What was given and has a number in the range.
  void CloseRange(uint32_t first, uint32_t last, const NumberClosing& closing);
  // As /proc shows it.
  void SeenOpen(int fd, uint64_t at_ns);

  // A call was told that its descriptor, or -1 if its number is not known, is not open. `ring`: as in Model::Consume.
  void Fail(int fd, uint32_t ring, const CallOnClosed& call);
  // The two failed calls before in that ring were part of a sweep over all numbers.
  void Swept(uint32_t ring);

  // No more events come.
  struct Missed {
    bool events = false;
    bool openings = false;  // descriptors were found that no call was seen to open
  };
  WrongCloses Settle(Missed missed);

 private:
  struct Waiting {
    CallOnClosed call;
    uint64_t order = 0;  // of the telling
    NumberHistory history;
  };
  struct Latest {
    int fd = -1;
    uint64_t order = UINT64_MAX;
  };

  template <typename Amend>
  void AmendWaiting(int fd, uint64_t at_ns, Amend amend);
  void Decide(int fd, const Waiting& waiting);
  void DecideBefore(uint64_t order);
  void DecideStreamAgain(const Waiting& waiting, WrongClose& one);
  void DecideNotOpen(const Waiting& waiting, WrongClose& one);
  int NumberOf(uint64_t id) const;

  bool knows_what_it_had_;
  absl::flat_hash_map<int, NumberHistory> numbers_;
  absl::flat_hash_map<int, std::vector<Waiting>> waiting_;       // by number; the earliest first
  absl::flat_hash_map<uint32_t, std::array<Latest, 2>> latest_;  // calls of each ring
  size_t waiting_count_ = 0;
  uint64_t told_ = 0;
  WrongCloses decided_;
};

}  // namespace fdtrace
