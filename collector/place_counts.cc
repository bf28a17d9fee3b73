#include "collector/place_counts.h"

#include <algorithm>
#include <map>

namespace fdtrace {

void PlaceCounts::Add(uint32_t place, uint64_t count) {
  const auto it = std::find_if(counts_.begin(), counts_.end(), [&](const auto& one) { return one.first == place; });
  if (it != counts_.end()) {
    it->second += count;
  } else {
    counts_.emplace_back(place, count);
  }
}

void PlaceCounts::Add(const PlaceCounts& others) {
  for (const auto& [place, count] : others.counts_) Add(place, count);
}

void PlaceCounts::Remove(uint32_t place, uint64_t count) {
  const auto it = std::find_if(counts_.begin(), counts_.end(), [&](const auto& one) { return one.first == place; });
  if (it == counts_.end()) return;
  it->second -= std::min(count, it->second);
  if (it->second == 0) counts_.erase(it);
}

std::vector<TracePlace> PlaceCounts::ToTrace(const Sites& sites, size_t limit) const {
  std::map<uint32_t, uint64_t> joined;
  for (const auto& [place, count] : counts_) {
    if (place != 0) joined[sites.Find(place)] += count;
  }
  std::vector<std::pair<uint32_t, uint64_t>> sorted(joined.begin(), joined.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<TracePlace> places;
  for (size_t i = 0; i < std::min(limit, sorted.size()); ++i) {
    places.push_back(sites.ToTrace(sorted[i].first, sorted[i].second));
  }
  return places;
}

}  // namespace fdtrace
