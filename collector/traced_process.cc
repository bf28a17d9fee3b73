// Events of one process. What /proc shows is in traced_process_compare.cc.
#include "collector/traced_process.h"

#include <algorithm>
#include <utility>

#include "proto/session.h"

namespace fdtrace {
namespace {

// No recording lasts a hundred years: such a time was damaged on its way.
constexpr uint64_t kImpossibleNs = 100ull * 365 * 24 * 3600 * 1'000'000'000;
// A close that waited this long for its Opened waits in vain.
constexpr uint64_t kParkedTooLongNs = 60'000'000'000;

// Lifetime ids have 56 bits, so numbers can be told from them in one map.
uint64_t KeyOf(int fd) { return uint64_t{1} << 63 | static_cast<uint32_t>(fd); }

bool IsId(uint64_t id) { return id >> kLifetimeIdBits == 0; }

}  // namespace

void TracedProcess::Consume(uint32_t ring_number, const Event& event) {
  totals_.set_events(totals_.events() + 1);
  const uint64_t at_ns = event.at_ns() < kImpossibleNs ? event.at_ns() : recording_.timeline.latest_ns();
  bool sound = true;
  switch (event.what_case()) {
    case Event::kOpened:
      sound = Count(event.opened(), at_ns, image_->RingOf(ring_number));
      break;
    case Event::kClosed:
      sound = Count(event.closed(), at_ns, image_->RingOf(ring_number));
      break;
    case Event::kThread: {
      ThreadLabel& thread = image_->RingOf(ring_number).thread;
      thread = {.tid = event.thread().tid()};
      event.thread().name().copy(thread.name.data(), thread.name.size() - 1);
      break;
    }
    case Event::kFunction:
      sound = image_->definitions().Define(event.function(), recording_.sites);
      Decide(event.function().number());
      break;
    case Event::kModule:
      sound = image_->definitions().Define(event.module(), recording_.sites);
      break;
    case Event::kStack:
      sound = image_->definitions().Define(event.stack(), recording_.sites);
      break;
    case Event::kClosedRange:
    case Event::kExiting:
      break;
    case Event::WHAT_NOT_SET:
      sound = false;
      break;
  }
  if (!sound) ++damaged_;
}

// The descriptor that the hello itself came upon was already there when /proc was read, and so was its companion: what
// was found at their numbers is no descriptor of its own.
bool TracedProcess::IsFirst(const Opened& opened) {
  if (!image_->told_anything) {
    image_->told_anything = true;
    image_->first_companion = opened.companion() > 0 ? opened.companion() - 1 : -1;
    return true;
  }
  return opened.fd() == std::exchange(image_->first_companion, -1);
}

// Else it is a parent's, taken over by fork. Serial 0 is no image's.
bool TracedProcess::IsOwn(uint64_t id) const {
  const uint64_t serial = id >> kLifetimeCountBits;
  return serial == 0 || serial == image_->serial();
}

bool TracedProcess::Count(const Opened& opened, uint64_t at_ns, Ring& ring) {
  const uint64_t id = opened.id();
  if (id == 0 || !IsId(id) || opened.fd() < 0 || !IsId(opened.replaced()) || opened.replaced() == id ||
      open_.contains(id)) {
    return false;
  }
  totals_.set_opened(totals_.opened() + 1);
  const bool overwrote_known = std::exchange(ring.just_closed, -1) == opened.fd();
  TakeNumber(opened, overwrote_known, at_ns);

  Lifetime& lifetime = open_[id];
  lifetime.opened_ns = at_ns;
  lifetime.fd = opened.fd();
  lifetime.thread = ring.thread;
  lifetime.path_argument = opened.path();
  if (opened.fd() > kLastStandardNumber) {
    lifetime.place = image_->PlaceOfOpen(opened.function(), opened.stack(), recording_.sites);
    Site& site = recording_.sites.At(lifetime.place);
    site.Opened(at_ns);
    LearnResource(site, opened.source());
    recording_.timeline.Change(at_ns, 1);
  }
  HeldChanged();
  CloseIfParked(id);
  return true;
}

void TracedProcess::LearnResource(Site& site, uint64_t source) const {
  if (site.resource != RESOURCE_UNKNOWN || source == 0) return;
  const auto other = recording_.by_image.find(static_cast<uint32_t>(source >> kLifetimeCountBits));
  if (open_.contains(source)) {
    site.resource = ResourceOf(source);
  } else if (other != recording_.by_image.end()) {
    site.resource = other->second->ResourceOf(source);
  }
}

// Whatever held the number before has ended. A function that overwrites tells of the lifetime it ended first, when it
// has an id: then what else is thought to be at the number had ended before.
void TracedProcess::TakeNumber(const Opened& opened, bool overwrote_known, uint64_t at_ns) {
  const bool first = IsFirst(opened);
  if (const uint64_t replaced = opened.replaced(); replaced != 0) {
    if (open_.contains(replaced)) {
      EndUnseen(replaced, at_ns, MayBeTold::kNo);
    } else if (unseen_ends_.erase(replaced) == 0 && IsOwn(replaced)) {
      Park(replaced, {.at_ns = at_ns, .unseen = true});
    }
  }
  const auto it = elders_.find(opened.fd());
  if (it == elders_.end()) {
    // Whoever was seen to have the number after it may have been read before it.
    const auto end = unseen_ends_.find(KeyOf(opened.fd()));
    if (end != unseen_ends_.end() && at_ns <= end->second.noticed_ns && !overwrote_known)
      MayHaveOverwritten(opened, at_ns);
    return;
  }
  Elder& elder = it->second;
  if (elder.origin == Origin::kProvisional) {
    DropElder(opened.fd());  // it was this one, seen before it was told
  } else if (elder.origin == Origin::kUnseen && at_ns <= elder.since_ns) {
    totals_.set_opened_unseen(totals_.opened_unseen() - 1);
    DropElder(opened.fd());
  } else if (first && (elder.origin == Origin::kInherited || elder.origin == Origin::kCopy)) {
    DropElder(opened.fd());
    unseen_ends_[KeyOf(opened.fd())] = {.settled = true};  // a close read late changes nothing
  } else {
    DropElderUnseen(opened.fd(), at_ns);
    if (!overwrote_known) MayHaveOverwritten(opened, at_ns);
  }
}

// Did this function put its descriptor in the place of the one whose end went unseen? Then that was its close.
void TracedProcess::MayHaveOverwritten(const Opened& opened, uint64_t at_ns) {
  undecided_.push_back({at_ns, KeyOf(opened.fd()), opened.function(), opened.stack()});
  Decide(opened.function());
}

void TracedProcess::Decide(uint32_t function) {
  if (undecided_.empty()) return;
  const std::optional<bool> overwrites = image_->Overwrites(function, recording_.sites);
  if (!overwrites) return;
  std::erase_if(undecided_, [&](const Undecided& end) {
    if (end.function != function) return false;
    if (!*overwrites) return true;
    Closed closed;
    closed.set_function(end.function);
    closed.set_stack(end.stack);
    Told(end.key, closed, end.at_ns);
    return true;
  });
}

uint32_t TracedProcess::CloserOf(const Closed& closed) {
  return image_->PlaceOfClose(closed.function(), closed.stack(), recording_.sites);
}

bool TracedProcess::Count(const Closed& closed, uint64_t at_ns, Ring& ring) {
  const uint64_t id = closed.id();
  if (!IsId(id) || closed.fd() < 0) return false;
  const bool first = !std::exchange(image_->told_anything, true);
  ring.just_closed = id == 0 ? -1 : closed.fd();
  if (const auto it = open_.find(id); it != open_.end()) {
    EndSeen(id, at_ns, it->second.place == 0 ? 0 : CloserOf(closed));
  } else if (id == 0 || (!IsOwn(id) && elders_.contains(closed.fd()))) {
    CloseElder(closed, first, at_ns);
  } else if (!IsOwn(id)) {
    Told(KeyOf(closed.fd()), closed, at_ns);
  } else if (!Told(id, closed, at_ns)) {
    Park(id, {.at_ns = at_ns, .closer = CloserOf(closed)});
  }
  return true;
}

// By number: the image has no id for it, or one that its parent gave.
void TracedProcess::CloseElder(const Closed& closed, bool first, uint64_t at_ns) {
  const int fd = closed.fd();
  const auto it = elders_.find(fd);
  if (it == elders_.end()) {
    // Sent after the real close: when it was the first sign of life, /proc no longer showed the descriptor.
    if (!Told(KeyOf(fd), closed, at_ns) && !first) totals_.set_opened_unseen(totals_.opened_unseen() + 1);
    return;
  }
  Elder& elder = it->second;
  if (elder.origin == Origin::kSurvivor) {
    EndSeen(elder.id, at_ns, CloserOf(closed));
    return;
  }
  if (elder.origin == Origin::kProvisional) Confirm(elder);
  DropElder(fd);
}

// The close counted as unseen; now its event has come. One that comes a look too late closed nothing: the descriptor
// had long gone.
bool TracedProcess::Told(uint64_t key, const Closed& closed, uint64_t at_ns) {
  const auto it = unseen_ends_.find(key);
  if (it == unseen_ends_.end()) return false;
  const UnseenEnd end = it->second;
  unseen_ends_.erase(it);
  if (end.settled) return true;
  totals_.set_closed_unseen(totals_.closed_unseen() - 1);
  if (end.place != 0) {
    recording_.sites.At(end.place).UnseenTold(end.opened_ns, at_ns, CloserOf(closed));
  }
  return true;
}

void TracedProcess::Park(uint64_t id, const ParkedClose& close) {
  if (parked_.size() >= park_limit_) {
    ForgetParked([&](const ParkedClose& parked) { return parked.at_ns + kParkedTooLongNs < close.at_ns; });
    park_limit_ = std::max(kFewParked, 2 * parked_.size());
  }
  parked_.try_emplace(id, close);
}

void TracedProcess::CloseIfParked(uint64_t id) {
  const auto it = parked_.find(id);
  if (it == parked_.end()) return;
  const ParkedClose close = it->second;
  parked_.erase(it);
  if (close.unseen) {
    EndUnseen(id, close.at_ns, MayBeTold::kNo);
  } else {
    EndSeen(id, close.at_ns, close.closer);
  }
}

Lifetime TracedProcess::Remove(uint64_t id) {
  const auto it = open_.find(id);
  Lifetime lifetime = std::move(it->second);
  open_.erase(it);
  if (lifetime.elder) {
    elders_.erase(lifetime.fd);
    --survivors_;
  }
  return lifetime;
}

void TracedProcess::EndSeen(uint64_t id, uint64_t at_ns, uint32_t closer) {
  const Lifetime lifetime = Remove(id);
  if (lifetime.place != 0) {
    recording_.sites.At(lifetime.place).Closed(lifetime.opened_ns, at_ns, closer);
    recording_.timeline.Change(at_ns, -1);
  }
}

void TracedProcess::EndUnseen(uint64_t id, uint64_t at_ns, MayBeTold may_be_told) {
  const Lifetime lifetime = Remove(id);
  totals_.set_closed_unseen(totals_.closed_unseen() + 1);
  if (lifetime.place != 0) {
    recording_.sites.At(lifetime.place).ClosedUnseen(at_ns);
    recording_.timeline.Change(at_ns, -1);
  }
  if (may_be_told == MayBeTold::kYes) {
    unseen_ends_[lifetime.elder ? KeyOf(lifetime.fd) : id] = {
        .place = lifetime.place, .opened_ns = lifetime.opened_ns, .noticed_ns = at_ns};
  }
}

void TracedProcess::DropElder(int fd) { elders_.erase(fd); }

void TracedProcess::DropElderUnseen(int fd, uint64_t noticed_ns) {
  const Elder& elder = elders_.find(fd)->second;
  if (elder.origin == Origin::kSurvivor) {
    EndUnseen(elder.id, noticed_ns, MayBeTold::kYes);
    return;
  }
  totals_.set_closed_unseen(totals_.closed_unseen() + 1);
  unseen_ends_[KeyOf(fd)] = {.noticed_ns = noticed_ns};
  DropElder(fd);
}

void TracedProcess::Confirm(Elder& elder) {
  elder.origin = Origin::kUnseen;
  totals_.set_opened_unseen(totals_.opened_unseen() + 1);
}

void TracedProcess::HeldChanged() {
  totals_.set_peak_open(std::max(totals_.peak_open(), static_cast<uint32_t>(held())));
}

}  // namespace fdtrace
