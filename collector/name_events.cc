#include "collector/name_events.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fdtrace {

bool NameEvents::IsLater(const Waiting& one, const Waiting& other) {
  return std::tie(one.at_ns, one.order) > std::tie(other.at_ns, other.order);
}

void NameEvents::Add(NameEvent event) {
  const uint64_t at_ns = event.at_ns;
  waiting_.push_back({.at_ns = at_ns, .order = told_++, .event = std::make_unique<NameEvent>(std::move(event))});
  std::push_heap(waiting_.begin(), waiting_.end(), IsLater);
}

std::optional<NameEvent> NameEvents::TakeDue() {
  if (waiting_.size() <= max_waiting_) return std::nullopt;
  return Take();
}

std::optional<NameEvent> NameEvents::Take() {
  if (waiting_.empty()) return std::nullopt;
  std::pop_heap(waiting_.begin(), waiting_.end(), IsLater);
  NameEvent earliest = std::move(*waiting_.back().event);
  waiting_.pop_back();
  return earliest;
}

std::vector<const NameEvent*> NameEvents::AllWaiting() const {
  std::vector<const Waiting*> sorted;
  sorted.reserve(waiting_.size());
  for (const Waiting& one : waiting_) sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(), [](const Waiting* a, const Waiting* b) { return IsLater(*b, *a); });
  std::vector<const NameEvent*> events;
  events.reserve(sorted.size());
  for (const Waiting* one : sorted) events.push_back(one->event.get());
  return events;
}

}  // namespace fdtrace
