#include "collector/number_history.h"

#include <algorithm>

namespace fdtrace {

void NumberHistory::Given(uint32_t place) {
  NumberUse use;
  use.opened_at = place;
  Insert(use);
}

void NumberHistory::MayHaveHad() {
  NumberUse use;
  use.closed_ns = 0;
  Insert(use);
}

NumberUse* NumberHistory::Known(uint64_t id) {
  if (id == 0) return nullptr;
  const auto it = std::find_if(uses_.begin(), uses_.end(), [&](const NumberUse& use) { return use.id == id; });
  return it == uses_.end() ? nullptr : &*it;
}

const NumberUse* NumberHistory::Find(uint64_t id) const { return const_cast<NumberHistory*>(this)->Known(id); }

NumberUse* NumberHistory::OpenWithoutId(uint64_t before_ns) {
  const auto it = std::find_if(uses_.rbegin(), uses_.rend(), [&](const NumberUse& use) {
    return use.id == 0 && use.is_open() && use.opened_ns <= before_ns;
  });
  return it == uses_.rend() ? nullptr : &*it;
}

bool NumberHistory::HasGiven() const {
  return const_cast<NumberHistory*>(this)->OpenWithoutId(NumberUse::kStillOpen) != nullptr;
}

void NumberHistory::Insert(const NumberUse& use) {
  const auto later = std::upper_bound(uses_.begin(), uses_.end(), use.opened_ns,
                                      [](uint64_t at_ns, const NumberUse& other) { return at_ns < other.opened_ns; });
  uses_.insert(later, use);
  if (uses_.size() <= kKept) return;
  uses_.erase(uses_.begin());
  forgot_ = true;
}

void NumberHistory::Open(const NumberOpening& opening) {
  if (NumberUse* const given = OpenWithoutId(opening.at_ns)) {
    given->closed_ns = opening.at_ns;
    given->closed_at = opening.overwrote ? opening.place : 0;
    given->closer = opening.thread;
  }
  if (NumberUse* const replaced = Known(opening.replaced); replaced != nullptr && replaced->is_open()) {
    replaced->closed_ns = opening.at_ns;
  }
  NumberUse use;
  if (const NumberUse* const closed = Find(opening.id)) {  // its close was read first
    use = *closed;
    uses_.erase(uses_.begin() + (closed - uses_.data()));
  }
  use.id = opening.id;
  use.opened_ns = opening.at_ns;
  use.opened_at = opening.place;
  use.opener = opening.thread.tid;
  Insert(use);
}

void NumberHistory::Close(const NumberClosing& closing) {
  NumberUse* use = Known(closing.id);
  // An id that came from the parent is of a descriptor that was given.
  if (use == nullptr && !closing.own) use = OpenWithoutId(closing.at_ns);
  NumberUse unknown;
  const bool is_known = use != nullptr;
  if (!is_known) {
    unknown.id = closing.id;
    unknown.opened_ns = closing.at_ns;
    use = &unknown;
  }
  if (!use->is_open()) return;
  use->closed_ns = closing.at_ns;
  use->closed_at = closing.place;
  use->closer = closing.thread;
  if (!is_known) Insert(unknown);
}

void NumberHistory::SeenOpen(uint64_t at_ns) { seen_open_ns_ = std::max(seen_open_ns_, at_ns); }

NumberHistory::Before NumberHistory::At(uint64_t at_ns) const {
  Before before;
  const auto later = std::upper_bound(uses_.begin(), uses_.end(), at_ns,
                                      [](uint64_t time, const NumberUse& use) { return time < use.opened_ns; });
  const auto known = later - uses_.begin();
  if (known > 0) before.last = &uses_[static_cast<size_t>(known) - 1];
  if (known > 1) before.elder = &uses_[static_cast<size_t>(known) - 2];
  before.never_open = known == 0 && !forgot_ && (seen_open_ns_ == 0 || seen_open_ns_ > at_ns);
  return before;
}

}  // namespace fdtrace
