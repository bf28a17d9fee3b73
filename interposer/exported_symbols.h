// What a loaded object exports, read from its own tables: the loader's dlsym takes a lock. Safe in signal handlers and
// after fork, for an object that cannot be unloaded meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>

#include "interposer/loaded_objects.h"

namespace fdtrace {

struct ExportedSymbol {
  uintptr_t address = 0;  // 0: there is none of that name
  size_t bytes = 0;
  explicit operator bool() const { return address != 0; }
};

// By its DT_GNU_HASH table (https://flapenguin.me/elf-dt-gnu-hash); an object that has none exports nothing.
ExportedSymbol FindExported(const LoadedObject& object, const char* name);

}  // namespace fdtrace
