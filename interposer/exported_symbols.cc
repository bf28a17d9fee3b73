#include "interposer/exported_symbols.h"

#include <elf.h>

#include "interposer/gnu_hash.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

struct HashHeader {
  uint32_t buckets;
  uint32_t first_symbol;
  uint32_t bloom_words;
  uint32_t bloom_shift;
};

struct Tables {
  const HashHeader* hash = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  bool Complete() const { return hash != nullptr && symbols != nullptr && names != nullptr; }
};

// The loader makes the pointers absolute where it can write.
template <typename Table>
const Table* At(const LoadedObject& object, uintptr_t pointer) {
  return reinterpret_cast<const Table*>(pointer < object.start ? object.info.dlpi_addr + pointer : pointer);
}

Tables TablesOf(const LoadedObject& object) {
  Tables tables;
  for (int i = 0; i < object.info.dlpi_phnum; ++i) {
    const auto& header = object.info.dlpi_phdr[i];
    if (header.p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(object.info.dlpi_addr + header.p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_GNU_HASH) tables.hash = At<HashHeader>(object, entry->d_un.d_ptr);
      if (entry->d_tag == DT_SYMTAB) tables.symbols = At<ElfW(Sym)>(object, entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) tables.names = At<char>(object, entry->d_un.d_ptr);
    }
  }
  return tables;
}

}  // namespace

ExportedSymbol FindExported(const LoadedObject& object, const char* name) {
  const Tables tables = TablesOf(object);
  if (!tables.Complete() || tables.hash->buckets == 0 || tables.hash->bloom_words == 0) return {};
  const HashHeader& header = *tables.hash;
  const auto* const bloom = reinterpret_cast<const uint64_t*>(tables.hash + 1);
  const auto* const buckets = reinterpret_cast<const uint32_t*>(bloom + header.bloom_words);
  const uint32_t* const chains = buckets + header.buckets;

  const uint32_t hash = GnuHashOf(name);
  const uint64_t filter = bloom[hash / 64 % header.bloom_words];
  if ((filter >> hash % 64 & filter >> (hash >> header.bloom_shift) % 64 & 1) == 0) return {};
  uint32_t index = buckets[hash % header.buckets];
  if (index < header.first_symbol) return {};
  for (;; ++index) {
    const uint32_t chained = chains[index - header.first_symbol];
    const ElfW(Sym)& symbol = tables.symbols[index];
    if ((chained | 1) == (hash | 1) && symbol.st_shndx != SHN_UNDEF &&
        TextEquals(tables.names + symbol.st_name, name)) {
      return {.address = object.info.dlpi_addr + symbol.st_value, .bytes = symbol.st_size};
    }
    if ((chained & 1) != 0) return {};
  }
}

}  // namespace fdtrace
