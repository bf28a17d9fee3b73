// Which definitions (of stacks, of code) this process has sent. A cache, not a set: what was pushed out is sent once
// more, never mistaken. Lock-free, safe in signal handlers and after fork.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "interposer/memory.h"

namespace fdtrace {

class SentKeys {
 public:
  constexpr SentKeys() = default;

  // Without memory, everything counts as sent.
  bool Ready() { return Table() != nullptr; }

  bool Has(uint64_t key) {
    const auto& set = Table()->ways[key % kSets];
    return std::any_of(std::begin(set), std::end(set),
                       [&](const auto& way) { return way.load(std::memory_order_relaxed) == key; });
  }

  void Add(uint64_t key) {
    auto& set = Table()->ways[key % kSets];
    for (auto& way : set) {
      uint64_t none = 0;
      if (way.compare_exchange_strong(none, key, std::memory_order_relaxed)) return;
    }
    set[(key >> 32) % kWays].store(key, std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kWays = 4;
  static constexpr size_t kSets = 4096;
  struct Keys {
    std::atomic<uint64_t> ways[kSets][kWays];
  };

  Keys* Table() {
    Keys* keys = keys_.load(std::memory_order_acquire);
    if (keys != nullptr) return keys;
    auto* const fresh = static_cast<Keys*>(AllocatePages(sizeof(Keys)));
    if (fresh == nullptr || keys_.compare_exchange_strong(keys, fresh, std::memory_order_acq_rel)) return fresh;
    return keys;
  }

  std::atomic<Keys*> keys_{nullptr};
};

}  // namespace fdtrace
