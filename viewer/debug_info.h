// Functions, inlined calls and source lines of one file's DWARF.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "viewer/module_symbols.h"

namespace fdtrace {

// The ranges of compilation units are read at once, the functions of a unit when an address first falls into it: so the
// cost follows the units that are asked about. A table of our own, since clang leaves out .debug_aranges.
class DebugInfo {
 public:
  // Lives no longer than `dwarf`. `bias`: what to take from an address to get one of `dwarf`.
  DebugInfo(Dwarf* dwarf, uint64_t bias);

  // As ModuleSymbols::Find, with functions still as linkers see them where DWARF has that name; where it has not (C,
  // and in C++ what other files cannot see) as the source has them, with namespaces and classes but without parameters.
  std::vector<Place> Find(uint64_t address);

 private:
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t furthest_end = 0;  // of the ranges up to and with this one
    Dwarf_Die die = {};
  };
  // Ranges by where they begin.
  using Ranges = std::vector<Range>;

  struct Unit {
    Dwarf_Die lines = {};      // the unit that has the line table
    Dwarf_Die functions = {};  // the same, or its split part
    bool functions_read = false;
    Ranges function_ranges;
  };

  static void AddRanges(Dwarf_Die& die, Ranges& ranges);
  static void Sort(Ranges& ranges);
  static const Range* Innermost(const Ranges& ranges, uint64_t address);
  void AddFunctions(Dwarf_Die& scope, const std::string& prefix, Ranges& functions);

  Unit* UnitOf(uint64_t address);
  std::string FunctionName(Dwarf_Die die) const;

  Dwarf* dwarf_;
  uint64_t bias_;
  Ranges unit_ranges_;
  // By the address of a DIE in memory, which is its identity.
  std::map<const void*, Unit> units_;
  // The namespaces and classes around functions that have no name for linkers, "app::(anonymous namespace)::".
  std::map<const void*, std::string> prefixes_;
};

}  // namespace fdtrace
