// The functions that a file's symbol table names, for code without debug information.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace fdtrace {

struct Symbol {
  enum class Binding { kGlobal, kWeak, kLocal };
  uint64_t address = 0;
  uint64_t bytes = 0;
  Binding binding = Binding::kGlobal;
  absl::string_view name;  // as linkers see it
};

// Copies no name: of tens of thousands of symbols few are ever asked for.
class SymbolTable {
 public:
  explicit SymbolTable(std::vector<Symbol> symbols);

  // The name of the function whose bytes hold the address, empty when there is none: a symbol that merely comes before
  // the address says nothing about it, since the static functions between may have been stripped. Of several names of a
  // function, the one for people: global before weak before local, with few leading underscores, short.
  absl::string_view Find(uint64_t address) const;

 private:
  std::vector<Symbol> symbols_;         // by address; of those at one address, the best last
  std::vector<uint64_t> furthest_end_;  // of the symbols up to and with this one
};

}  // namespace fdtrace
