#include "interposer/next_symbols.h"

#include <elf.h>

#include "interposer/gnu_hash.h"

extern __attribute__((weak)) r_debug _r_debug;  // glibc's alone

namespace fdtrace {
namespace {

// libc's strcmp may be a sanitizer's, which has not begun yet.
bool IsSame(const char* one, const char* other) {
  while (*one != '\0' && *one == *other) ++one, ++other;
  return *one == *other;
}

}  // namespace

bool NextSymbols::GnuHash::MayHave(uint32_t hash) const {
  const uint64_t word = filter()[hash / 64 % filter_words];
  return ((word >> hash % 64) & (word >> (hash >> filter_shift) % 64) & 1) != 0;
}

// The loader has made the pointers absolute already, but the vDSO's.
NextSymbols::Object::Object(const link_map& map) : base(map.l_addr) {
  for (const ElfW(Dyn)* entry = map.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const uintptr_t address = entry->d_un.d_ptr;
    const auto* const pointer = reinterpret_cast<const void*>(address < base ? base + address : address);
    if (entry->d_tag == DT_GNU_HASH) hash = static_cast<const GnuHash*>(pointer);
    if (entry->d_tag == DT_SYMTAB) symbols = static_cast<const ElfW(Sym)*>(pointer);
    if (entry->d_tag == DT_STRTAB) names = static_cast<const char*>(pointer);
    if (entry->d_tag == DT_VERSYM) versions = static_cast<const uint16_t*>(pointer);
  }
}

// Null: the object defines no such name, or only an older version of it.
const ElfW(Sym) * NextSymbols::Object::Find(uint32_t wanted, const char* name) const {
  constexpr uint16_t kHiddenVersion = 0x8000;  // found only by who asks for that version
  if (!hash->MayHave(wanted)) return nullptr;
  uint32_t at = hash->buckets()[wanted % hash->bucket_count];
  if (at < hash->first_symbol) return nullptr;
  for (;; ++at) {
    const uint32_t chained = hash->chains()[at - hash->first_symbol];
    if ((chained | 1) == (wanted | 1)) {
      const ElfW(Sym)& symbol = symbols[at];
      const bool is_default = versions == nullptr || (versions[at] & kHiddenVersion) == 0;
      if (is_default && symbol.st_shndx != SHN_UNDEF && IsSame(names + symbol.st_name, name)) return &symbol;
    }
    if ((chained & 1) != 0) return nullptr;  // the last of its bucket
  }
}

NextSymbols::NextSymbols(const void* libc) {
  if (&_r_debug == nullptr || libc == nullptr) return;
  const link_map* map = _r_debug.r_map;
  while (map != nullptr && map->l_ld != _DYNAMIC) map = map->l_next;
  if (map == nullptr) return;
  constexpr const char* kOfLibc = "gnu_get_libc_version";
  for (map = map->l_next; map != nullptr && count_ < objects_.size(); map = map->l_next) {
    const Object object(*map);
    if (!object.complete()) break;
    objects_[count_++] = object;
    const ElfW(Sym)* const known = object.Find(GnuHashOf(kOfLibc), kOfLibc);
    if (known != nullptr && object.base + known->st_value == reinterpret_cast<uintptr_t>(libc)) return;
  }
  count_ = 0;  // what lies between is not known
}

void* NextSymbols::Find(const char* name, uint32_t hash) const {
  for (size_t i = 0; i < count_; ++i) {
    const ElfW(Sym)* const found = objects_[i].Find(hash, name);
    if (found == nullptr) continue;
    const auto type = ELF64_ST_TYPE(found->st_info);
    return type == STT_FUNC || type == STT_NOTYPE ? reinterpret_cast<void*>(objects_[i].base + found->st_value)
                                                  : nullptr;
  }
  return nullptr;
}

}  // namespace fdtrace
