#include "collector/name_events.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fdtrace {

bool NameEvents::IsLater(const Waiting& one, const Waiting& other) {
  return std::tie(one.event.at_ns, one.order) > std::tie(other.event.at_ns, other.order);
}

void NameEvents::Add(NameEvent event) {
  waiting_.push_back({.event = std::move(event), .order = told_++});
  std::push_heap(waiting_.begin(), waiting_.end(), IsLater);
}

std::optional<NameEvent> NameEvents::TakeDue() {
  if (waiting_.size() <= max_waiting_) return std::nullopt;
  return Take();
}

std::optional<NameEvent> NameEvents::Take() {
  if (waiting_.empty()) return std::nullopt;
  std::pop_heap(waiting_.begin(), waiting_.end(), IsLater);
  NameEvent earliest = std::move(waiting_.back().event);
  waiting_.pop_back();
  return earliest;
}

}  // namespace fdtrace
