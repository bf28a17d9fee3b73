// What dlsym(RTLD_NEXT, …) finds, as long as the program has only begun to start: the functions of the objects that the
// loader searches after this one, up to and including libc. By their own hash tables, at a tenth of the cost: for some
// hundred names that is what a short process notices most.
#pragma once

#include <link.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace fdtrace {

class NextSymbols {
 public:
  // LIBC: its gnu_get_libc_version; nothing will be found if that is null, or in an object of another namespace.
  explicit NextSymbols(const void* libc);

  // HASH: of the name, by GnuHashOf. Null: ask dlsym. So for code that is chosen at run time (IFUNC), and for what only
  // objects after libc define.
  void* Find(const char* name, uint32_t hash) const;

 private:
  // The layout of DT_GNU_HASH; the tables follow it.
  struct GnuHash {
    uint32_t bucket_count;
    uint32_t first_symbol;
    uint32_t filter_words;
    uint32_t filter_shift;

    const uint64_t* filter() const { return reinterpret_cast<const uint64_t*>(this + 1); }
    const uint32_t* buckets() const { return reinterpret_cast<const uint32_t*>(filter() + filter_words); }
    const uint32_t* chains() const { return buckets() + bucket_count; }  // of first_symbol and those after it
    bool MayHave(uint32_t hash) const;
  };
  struct Object {
    uintptr_t base = 0;
    const GnuHash* hash = nullptr;
    const ElfW(Sym) * symbols = nullptr;
    const char* names = nullptr;
    const uint16_t* versions = nullptr;

    explicit Object(const link_map& map);
    Object() = default;
    bool complete() const { return hash != nullptr && symbols != nullptr && names != nullptr; }
    const ElfW(Sym) * Find(uint32_t hash, const char* name) const;
  };

  std::array<Object, 64> objects_;
  size_t count_ = 0;
};

}  // namespace fdtrace
