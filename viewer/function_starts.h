// Where functions begin in a file without a symbol table: its .eh_frame_hdr says.
#pragma once

#include <gelf.h>

#include <cstdint>
#include <vector>

namespace fdtrace {

class FunctionStarts {
 public:
  explicit FunctionStarts(Elf* elf);

  // Of the function around the address, as far as it is of one piece; 0 where that is not known.
  uint64_t Of(uint64_t address) const;

 private:
  std::vector<uint64_t> starts_;  // sorted
};

}  // namespace fdtrace
