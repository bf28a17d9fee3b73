// Symbols may nest and overlap (a function's cold part, hand-written assembly); the innermost wins.
#include "viewer/symbol_table.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace fdtrace {
namespace {

size_t LeadingUnderscores(absl::string_view name) { return std::min(name.find_first_not_of('_'), name.size()); }

// Smaller is better.
auto Rank(const Symbol& symbol) {
  return std::make_tuple(symbol.binding, LeadingUnderscores(symbol.name), symbol.name.size(), symbol.name);
}

}  // namespace

SymbolTable::SymbolTable(std::vector<Symbol> symbols) : symbols_(std::move(symbols)) {
  std::erase_if(symbols_, [](const Symbol& symbol) { return symbol.bytes == 0 || symbol.name.empty(); });
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : Rank(b) < Rank(a);
  });
  uint64_t furthest = 0;
  for (const Symbol& symbol : symbols_) {
    furthest = std::max(furthest, symbol.address + symbol.bytes);
    furthest_end_.push_back(furthest);
  }
}

absl::string_view SymbolTable::Find(uint64_t address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](uint64_t wanted, const Symbol& symbol) { return wanted < symbol.address; });
  for (size_t i = after - symbols_.begin(); i-- > 0 && furthest_end_[i] > address;) {
    if (address - symbols_[i].address < symbols_[i].bytes) return symbols_[i].name;
  }
  return {};
}

}  // namespace fdtrace
