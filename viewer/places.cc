#include "viewer/places.h"

#include <algorithm>

#include "viewer/printable.h"

namespace fdtrace {

CallAndStack KeyOf(const TracePlace& place, ShownStacks& stacks) {
  return {place.function(), stacks.Get(place.stack()).key};
}

void Places::Add(const std::string& call, uint32_t stack, uint64_t count) {
  auto& [total, example] = places_[{call, stacks_.Get(stack).key}];
  total += count;
  example = stack;
}

std::vector<Places::Place> Places::MostFrequentFirst() const {
  std::vector<Place> sorted;
  for (const auto& [call_and_stack, count_and_stack] : places_) {
    sorted.push_back({Printable(call_and_stack.first), count_and_stack.second, count_and_stack.first});
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Place& a, const Place& b) { return a.count > b.count; });
  return sorted;
}

}  // namespace fdtrace
