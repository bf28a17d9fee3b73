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

namespace fdtrace {

class ReadableMemory {
 public:
  bool Covers(uintptr_t at, size_t bytes);

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

  bool IsKnown(uintptr_t page);
  bool Counts(uintptr_t entry, uintptr_t page) const;
  void BeginNewWay();

  // Addresses of pages, in the set that their number leads to, each with the count of ways (less than kPageBytes) when
  // it was asked about; page 0 is never readable.
  uintptr_t pages_[size_t{1} << kSetBits][2];
  uintptr_t ways_;
  bool on_new_way_;
};

}  // namespace fdtrace
