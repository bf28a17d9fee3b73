#include "interposer/imports.h"

#include <elf.h>
#include <sys/mman.h>

#include <cstdint>

#include "interposer/raw_syscall.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kJumpSlot = R_X86_64_JUMP_SLOT;
constexpr uint32_t kGlobalData = R_X86_64_GLOB_DAT;
#else
constexpr uint32_t kJumpSlot = R_AARCH64_JUMP_SLOT;
constexpr uint32_t kGlobalData = R_AARCH64_GLOB_DAT;
#endif

struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * relocations[2] = {};  // of data, and of calls
  size_t counts[2] = {};
};

// The loader has made the pointers absolute already.
Tables TablesOf(const link_map& object) {
  Tables tables;
  for (const ElfW(Dyn)* entry = object.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const auto* const pointer = reinterpret_cast<const void*>(entry->d_un.d_ptr);
    switch (entry->d_tag) {
      case DT_SYMTAB:
        tables.symbols = static_cast<const ElfW(Sym)*>(pointer);
        break;
      case DT_STRTAB:
        tables.names = static_cast<const char*>(pointer);
        break;
      case DT_RELA:
        tables.relocations[0] = static_cast<const ElfW(Rela)*>(pointer);
        break;
      case DT_RELASZ:
        tables.counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
        break;
      case DT_JMPREL:
        tables.relocations[1] = static_cast<const ElfW(Rela)*>(pointer);
        break;
      case DT_PLTRELSZ:
        tables.counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
        break;
    }
  }
  return tables;
}

// Writes to slots that may lie in what the loader has made read-only (RELRO); it stays writable then, as lazily bound
// ones are.
class Slots {
 public:
  bool Overwrite(uintptr_t slot, void* value) {
    const uintptr_t page = slot & ~(kPageBytes - 1);
    if (page != writable_page_) {
      if (Failed(RawSyscall(SYS_mprotect, static_cast<long>(page), kPageBytes, PROT_READ | PROT_WRITE))) return false;
      writable_page_ = page;
    }
    *reinterpret_cast<void**>(slot) = value;
    return true;
  }

 private:
  uintptr_t writable_page_ = 0;  // slots come in the order of their addresses, nearly
};

}  // namespace

bool RedirectImports(const link_map& object, void* (*replacement)(const link_map& object, const char* name)) {
  const Tables tables = TablesOf(object);
  if (tables.symbols == nullptr || tables.names == nullptr) return false;
  Slots slots;
  for (int table = 0; table < 2; ++table) {
    for (size_t i = 0; i < tables.counts[table]; ++i) {
      const ElfW(Rela)& relocation = tables.relocations[table][i];
      const auto type = static_cast<uint32_t>(ELF64_R_TYPE(relocation.r_info));
      if (type != kJumpSlot && type != kGlobalData) continue;
      const ElfW(Sym)& symbol = tables.symbols[ELF64_R_SYM(relocation.r_info)];
      if (symbol.st_shndx != SHN_UNDEF) continue;
      void* const value = replacement(object, tables.names + symbol.st_name);
      if (value != nullptr && !slots.Overwrite(object.l_addr + relocation.r_offset, value)) return false;
    }
  }
  return true;
}

}  // namespace fdtrace
