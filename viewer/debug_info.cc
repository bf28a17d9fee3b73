// Terms are DWARF's: a DIE is an entry of the tree of a compilation unit; see dwarfstd.org, DWARF 5, sections 2.17
// (ranges) and 3.3.8 (inlined subroutines).
#include "viewer/debug_info.h"

#include <dwarf.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

// "Integrate": follows the entry to its declaration or to the abstract instance of an inlined call.
const char* Text(Dwarf_Die& die, unsigned int name) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr_integrate(&die, name, &attribute));
}

const char* LinkageName(Dwarf_Die& die) {
  const char* name = Text(die, DW_AT_linkage_name);
  return name != nullptr ? name : Text(die, DW_AT_MIPS_linkage_name);
}

std::optional<Dwarf_Word> Number(Dwarf_Die& die, unsigned int name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr(&die, name, &attribute), &value) != 0) return std::nullopt;
  return value;
}

// Absolute unless the unit does not say where it was compiled.
std::string SourceFile(const char* file, Dwarf_Die& unit) {
  if (file == nullptr) return {};
  const char* directory = Text(unit, DW_AT_comp_dir);
  return (std::filesystem::path(directory != nullptr ? directory : "") / file).lexically_normal().string();
}

bool HasAddresses(Dwarf_Die& die) { return dwarf_hasattr(&die, DW_AT_low_pc) || dwarf_hasattr(&die, DW_AT_ranges); }

// Puts the inlined calls within `scope` that the address lies in behind one another, the innermost last. False when
// there is none.
bool AddInlined(Dwarf_Die& scope, uint64_t address, std::vector<Dwarf_Die>& inlined) {
  Dwarf_Die child;
  if (dwarf_child(&scope, &child) != 0) return false;
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_inlined_subroutine) {
      if (dwarf_haspc(&child, address) != 1) continue;
      inlined.push_back(child);
      AddInlined(child, address, inlined);
      return true;
    }
    if (tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block) {
      // A block without addresses of its own still has children with theirs.
      const bool inside = dwarf_haspc(&child, address) == 1;
      if (inside || !HasAddresses(child)) {
        const bool found = AddInlined(child, address, inlined);
        if (found || inside) return found;
      }
    }
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

// "app::" for a namespace or type that functions may stand in; null for what holds none. What has no name of its own is
// named as the demangler does, or is passed over.
const char* ScopeName(Dwarf_Die& die) {
  switch (dwarf_tag(&die)) {
    case DW_TAG_namespace: {
      const char* name = dwarf_diename(&die);
      return name != nullptr ? name : "(anonymous namespace)";
    }
    case DW_TAG_module:
    case DW_TAG_class_type:  // Rust has methods in types, within namespaces
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type: {
      const char* name = dwarf_diename(&die);
      return name != nullptr ? name : "";
    }
    default:
      return nullptr;
  }
}

}  // namespace

DebugInfo::DebugInfo(Dwarf* dwarf, uint64_t bias) : dwarf_(dwarf), bias_(bias) {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  Dwarf_Die split;
  uint8_t type = 0;
  while (dwarf_get_units(dwarf, unit, &unit, nullptr, &type, &die, &split) == 0) {
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    const size_t before = unit_ranges_.size();
    AddRanges(die, unit_ranges_);
    if (unit_ranges_.size() == before) continue;
    Unit& entry = units_[die.addr];
    entry.lines = die;
    entry.functions = type == DW_UT_skeleton && split.addr != nullptr ? split : die;
  }
  Sort(unit_ranges_);
}

void DebugInfo::AddRanges(Dwarf_Die& die, Ranges& ranges) {
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &begin, &end)) > 0;) {
    // A function that the linker dropped is left at address 0, or at 1 in a list.
    if (begin > 1 && begin < end) ranges.push_back({.begin = begin, .end = end, .die = die});
  }
}

void DebugInfo::Sort(Ranges& ranges) {
  std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  uint64_t furthest = 0;
  for (Range& range : ranges) range.furthest_end = furthest = std::max(furthest, range.end);
}

const DebugInfo::Range* DebugInfo::Innermost(const Ranges& ranges, uint64_t address) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                [](uint64_t wanted, const Range& range) { return wanted < range.begin; });
  for (size_t i = after - ranges.begin(); i-- > 0 && ranges[i].furthest_end > address;) {
    if (address < ranges[i].end) return &ranges[i];
  }
  return nullptr;
}

void DebugInfo::AddFunctions(Dwarf_Die& scope, const std::string& prefix, Ranges& functions) {
  Dwarf_Die child;
  if (dwarf_child(&scope, &child) != 0) return;
  do {
    if (dwarf_tag(&child) == DW_TAG_subprogram) {
      AddRanges(child, functions);
      if (!prefix.empty() && LinkageName(child) == nullptr) prefixes_[child.addr] = prefix;
    } else if (const char* name = ScopeName(child)) {
      AddFunctions(child, *name != '\0' ? absl::StrCat(prefix, name, "::") : prefix, functions);
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

std::string DebugInfo::FunctionName(Dwarf_Die die) const {
  if (const char* name = LinkageName(die)) return name;
  const char* name = Text(die, DW_AT_name);
  if (name == nullptr) return {};
  for (bool declared_elsewhere = true; declared_elsewhere;) {
    if (const auto prefix = prefixes_.find(die.addr); prefix != prefixes_.end()) {
      return absl::StrCat(prefix->second, name);
    }
    Dwarf_Attribute attribute;
    Dwarf_Attribute* origin = dwarf_attr(&die, DW_AT_abstract_origin, &attribute);
    if (origin == nullptr) origin = dwarf_attr(&die, DW_AT_specification, &attribute);
    Dwarf_Die next;
    declared_elsewhere = dwarf_formref_die(origin, &next) != nullptr;
    if (declared_elsewhere) die = next;
  }
  return name;
}

DebugInfo::Unit* DebugInfo::UnitOf(uint64_t address) {
  const Range* range = Innermost(unit_ranges_, address);
  if (range == nullptr) return nullptr;
  Unit& unit = units_[range->die.addr];
  if (!unit.functions_read) {
    AddFunctions(unit.functions, "", unit.function_ranges);
    Sort(unit.function_ranges);
    unit.functions_read = true;
  }
  return &unit;
}

std::vector<Place> DebugInfo::Find(uint64_t address) {
  address -= bias_;
  Unit* unit = UnitOf(address);
  if (unit == nullptr) return {};

  Place here;
  if (Dwarf_Line* line = dwarf_getsrc_die(&unit->lines, address)) {
    here.file = SourceFile(dwarf_linesrc(line, nullptr, nullptr), unit->lines);
    int number = 0;
    if (dwarf_lineno(line, &number) == 0 && number > 0) here.line = static_cast<uint32_t>(number);
  }
  const Range* function = Innermost(unit->function_ranges, address);
  if (function == nullptr) return here.file.empty() ? std::vector<Place>() : std::vector<Place>{here};

  Dwarf_Files* files = nullptr;
  size_t file_count = 0;
  if (dwarf_getsrcfiles(&unit->functions, &files, &file_count) != 0) files = nullptr;
  Dwarf_Die die = function->die;
  std::vector<Dwarf_Die> inlined;
  AddInlined(die, address, inlined);
  std::vector<Place> places;
  for (; !inlined.empty(); inlined.pop_back()) {
    here.function = FunctionName(inlined.back());
    places.push_back(here);
    // Where it was called from is the place of the function that it was inlined into.
    const std::optional<Dwarf_Word> file = Number(inlined.back(), DW_AT_call_file);
    here = Place();
    if (file && files != nullptr) here.file = SourceFile(dwarf_filesrc(files, *file, nullptr, nullptr), unit->lines);
    here.line = static_cast<uint32_t>(Number(inlined.back(), DW_AT_call_line).value_or(0));
  }
  here.function = FunctionName(die);
  places.push_back(here);
  return places;
}

}  // namespace fdtrace
