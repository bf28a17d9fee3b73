// Where the descriptors that came over a socket were first opened: joins what one process received with what another
// sent, by the file both are open on. Pure.
//  - Sends and receipts come in any order; they are joined in the order of their times, as late as memory allows.
//  - Each send is received once. What is sent in one message is received in its order. Where it may have been one of
//  several
//    messages that name several places, nothing is known.
//  - Memory is bounded: of what was sent and received long ago, nothing is known.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/sites.h"

namespace fdtrace {

// A descriptor that was received; kept as long as it is open, or not yet joined.
struct Receipt {
  uint64_t at_ns = 0;
  uint64_t id = 0;           // its lifetime
  uint32_t place = 0;        // of the call that received it
  uint32_t first_place = 0;  // where it was first opened; 0: not known, or not yet
};

// A descriptor that was sent.
struct Sending {
  uint64_t at_ns = 0;
  uint64_t id = 0;                         // its lifetime; 0: not known
  uint32_t place = 0;                      // of the call that opened it; 0: not known
  std::shared_ptr<const Receipt> receipt;  // of one that had itself been received; may be null all the same
};

class PassedDescriptors {
 public:
  using File = std::pair<uint64_t, uint64_t>;  // device, inode

  static constexpr size_t kMaxFiles = 4096;
  static constexpr size_t kMaxOfOneFile = 256;  // sends and receipts not yet joined

  void Send(const File& file, Sending sending, Sites& sites);
  std::shared_ptr<const Receipt> Receive(const File& file, const Receipt& received, Sites& sites);

  // No more will come: what can be known is known now.
  void Finish(Sites& sites);

 private:
  // Sends that may be what the next receipt receives.
  class Candidates {
   public:
    void Add(uint32_t place, uint64_t at_ns);
    // Where the one received at AT_NS was first opened, and one candidate less.
    uint32_t Take(uint64_t at_ns, const Sites& sites);

   private:
    struct One {
      uint32_t place;  // 0: not known
      uint64_t at_ns;
    };
    std::deque<One> all_;
  };
  struct Passed {
    std::vector<Sending> sent;
    std::vector<std::shared_ptr<Receipt>> received;
    Candidates candidates;
  };

  Passed& Of(const File& file, Sites& sites);
  // Joins what was sent and received until then.
  static void Join(Passed& passed, uint64_t until_ns, Sites& sites);
  static void JoinSome(Passed& passed, Sites& sites);

  absl::flat_hash_map<File, Passed> files_;
  std::deque<File> oldest_;  // of files_, as they were first met
};

}  // namespace fdtrace
