#include "viewer/tally.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "viewer/units.h"

namespace fdtrace {

std::string TallyOf(const std::vector<std::string>& names, size_t most) {
  std::vector<std::pair<absl::string_view, uint64_t>> counts;  // in order of first appearance
  absl::flat_hash_map<absl::string_view, size_t> places;
  for (const std::string& name : names) {
    const auto [place, is_new] = places.try_emplace(name, counts.size());
    if (is_new) counts.emplace_back(name, 0);
    ++counts[place->second].second;
  }
  if (counts.empty()) return {};
  std::stable_sort(counts.begin() + 1, counts.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string tally;
  for (size_t i = 0; i < std::min(counts.size(), most); ++i) {
    absl::StrAppend(&tally, i > 0 ? ", " : "", counts[i].first);
    if (counts[i].second > 1) absl::StrAppend(&tally, " ×", WithThousands(counts[i].second));
  }
  if (counts.size() > most) absl::StrAppend(&tally, ", …");
  return tally;
}

}  // namespace fdtrace
