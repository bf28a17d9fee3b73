// Which definitions (of stacks, of code) this process has sent. A cache, not a set: what was pushed out is sent once
// more, never mistaken. Lock-free, safe in signal handlers and after fork.
//
//  - The first few hundred lie in one page: most processes touch no other, and a forked child copies no other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "interposer/memory.h"
#include "proto/session.h"

namespace fdtrace {

class SentKeys {
 public:
  constexpr SentKeys() = default;

  bool Has(uint64_t key) const {
    if (Holds(first_[key % kFirstSets], key)) [[likely]]
      return true;
    const Set* const more = more_.load(std::memory_order_acquire);
    return more != nullptr && Holds(more[key % kMoreSets], key);
  }

  void Add(uint64_t key) {
    Set& first = first_[key % kFirstSets];
    if (TakesFreeWay(first, key)) return;
    Set* const more = More();
    Set& last = more == nullptr ? first : more[key % kMoreSets];
    if (more == nullptr || !TakesFreeWay(last, key))
      last.ways[(key >> 32) % kWays].store(key, std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kWays = 4;
  static constexpr size_t kFirstSets = 128;
  static constexpr size_t kMoreSets = 4096;
  struct Set {
    std::atomic<uint64_t> ways[kWays];
  };

  static bool Holds(const Set& set, uint64_t key) {
    return std::any_of(std::begin(set.ways), std::end(set.ways),
                       [&](const auto& way) { return way.load(std::memory_order_relaxed) == key; });
  }

  static bool TakesFreeWay(Set& set, uint64_t key) {
    return std::any_of(std::begin(set.ways), std::end(set.ways), [&](auto& way) {
      uint64_t none = 0;
      return way.compare_exchange_strong(none, key, std::memory_order_relaxed);
    });
  }

  Set* More() {
    Set* more = more_.load(std::memory_order_acquire);
    if (more != nullptr) return more;
    auto* const fresh = static_cast<Set*>(AllocatePages(kMoreSets * sizeof(Set)));
    if (fresh == nullptr || more_.compare_exchange_strong(more, fresh, std::memory_order_acq_rel)) return fresh;
    FreePages(fresh, kMoreSets * sizeof(Set));
    return more;
  }

  alignas(kPageBytes) Set first_[kFirstSets] = {};
  std::atomic<Set*> more_{nullptr};
};

}  // namespace fdtrace
