// The functions that free Python objects, in an interpreter without a symbol table (Debian's): its types' own tables
// name them. They tell a file that was closed by Python from one that the program closed.
#pragma once

#include <gelf.h>

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace fdtrace {

// By the address at which each begins: "_io.TextIOWrapper.tp_dealloc", "_io._IOBase.tp_finalize". Of a file whose data
// is not relocated when it is loaded; of others, nothing.
absl::flat_hash_map<uint64_t, std::string> FindPythonDeallocators(Elf* elf);

}  // namespace fdtrace
