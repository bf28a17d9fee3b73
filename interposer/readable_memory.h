// Reads memory of the program's that may not be what we take it for: never faults. Safe in signal handlers and after
// fork.
//
//  - The kernel is asked about a page once, and what it said is kept, so reading where we read before costs no system
//    call. A page that the program unmaps in between would fault: so on a new way (NewWay) it is asked once more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "proto/session.h"

namespace fdtrace {

class ReadableMemory {
 public:
  bool Covers(uintptr_t at, size_t bytes) {
    const uintptr_t page = at / kPageBytes;
    if (page != 0 && (at + bytes - 1) / kPageBytes == page && HasAsked(page)) [[likely]]
      return true;
    return CoversAll(at, bytes);
  }

  template <typename Value>
  std::optional<Value> Read(uintptr_t at) {
    if (!Covers(at, sizeof(Value))) return std::nullopt;
    return Load<Value>(at);
  }

  // Of what Covers has been asked about.
  template <typename Value>
  static Value Load(uintptr_t at) {
    Value value;
    std::memcpy(&value, reinterpret_cast<const void*>(at), sizeof value);
    return value;
  }

  // From its beginning to its end, only what was said since then counts.
  class NewWay {
   public:
    explicit NewWay(ReadableMemory& memory) : memory_(memory) {}
    void Begin() {
      if (!memory_.on_new_way_) memory_.BeginNewWay();
    }
    ~NewWay() { memory_.on_new_way_ = false; }
    NewWay(const NewWay&) = delete;
    NewWay& operator=(const NewWay&) = delete;

   private:
    ReadableMemory& memory_;
  };

 private:
  static constexpr unsigned kSetBits = 7;

  // Mixed: what lies in one arena of the program's heap, or in another one, has like numbers.
  static size_t SetOf(uintptr_t page) { return page * 0x9e3779b97f4a7c15u >> (64 - kSetBits); }

  bool Counts(uintptr_t entry, uintptr_t page) const {
    return on_new_way_ ? entry == page * kPageBytes + ways_ : entry / kPageBytes == page;
  }
  bool HasAsked(uintptr_t page) const {
    const uintptr_t(&set)[2] = pages_[SetOf(page)];
    return Counts(set[0], page) || Counts(set[1], page);
  }
  bool CoversAll(uintptr_t at, size_t bytes);
  bool IsKnown(uintptr_t page);
  void BeginNewWay();

  // Addresses of pages, in the set that their number leads to, each with the count of ways (less than kPageBytes) when
  // it was asked about; page 0 is never readable.
  uintptr_t pages_[size_t{1} << kSetBits][2];
  uintptr_t ways_;
  bool on_new_way_;
};

}  // namespace fdtrace
