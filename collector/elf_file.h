// What the headers of an ELF file say about how it will be started. See elf(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fdtrace {

struct ElfFile {
  bool this_machine = false;  // its class, byte order and processor are those fdtrace was built for
  bool is_shared_object = false;
  std::optional<std::string> interpreter;  // PT_INTERP; read for this_machine alone
};

// Empty when DESCRIPTOR, a readable file, holds no ELF file or a damaged one.
std::optional<ElfFile> ReadElfFile(int descriptor);

}  // namespace fdtrace
