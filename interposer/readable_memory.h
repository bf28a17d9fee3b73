// Reads memory of the program's that may not be what we take it for: never faults. Safe in signal handlers and after
// fork.
//
//  - The kernel is asked about a page once; what it said is kept until Forget, so reading where we read before costs no
//    system call. A page that the program unmaps in between would fault: ask again (Forget) where the way to it is new.
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

  void Forget();

 private:
  static constexpr unsigned kSetBits = 7;

  bool IsKnown(uintptr_t page);

  // By number, in the set that it leads to; page 0 is never readable.
  uintptr_t pages_[size_t{1} << kSetBits][2];
};

}  // namespace fdtrace
