// What events say. What /proc shows is in held_descriptors_compare.cc.
#include "collector/held_descriptors.h"

#include <algorithm>
#include <utility>

namespace fdtrace {
namespace {

// Among what is still open when its process ends.
bool IsWorthTelling(const Lifetime& lifetime, bool from_outside) {
  if (lifetime.fd <= kLastStandardNumber) return false;
  return lifetime.place != 0 || lifetime.origin == Origin::kUnseen ||
         (lifetime.origin == Origin::kInherited && from_outside);
}

}  // namespace

const Lifetime* HeldDescriptors::Find(uint64_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

const Lifetime* HeldDescriptors::FindElder(int fd) const {
  const auto it = by_number_.find(fd);
  return it == by_number_.end() ? nullptr : &it->second;
}

Resource HeldDescriptors::ResourceOf(uint64_t id) const {
  const Lifetime* const lifetime = Find(id);
  if (lifetime == nullptr) return RESOURCE_UNKNOWN;
  if (lifetime->seen != nullptr && lifetime->seen->resource != RESOURCE_UNKNOWN) return lifetime->seen->resource;
  return lifetime->place == 0 ? RESOURCE_UNKNOWN : recording_.sites.At(lifetime->place).resource;
}

std::vector<int> HeldDescriptors::Numbers() const {
  std::vector<int> numbers;
  numbers.reserve(size());
  for (const auto& [id, lifetime] : by_id_) numbers.push_back(lifetime.fd);
  for (const auto& [fd, elder] : by_number_) numbers.push_back(fd);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

Opener HeldDescriptors::OpenerOf(const Lifetime& lifetime) const {
  if (lifetime.place == 0) return lifetime.given_by;
  const auto elder = by_number_.find(lifetime.fd);
  return {.place = lifetime.place,
          .pid = totals_.pid(),
          .has_id = elder == by_number_.end() || &elder->second != &lifetime};
}

Openers HeldDescriptors::KnownOpeners() const {
  Openers openers;
  const auto add = [&](const Lifetime& lifetime) {
    const Opener opener = OpenerOf(lifetime);
    if (lifetime.fd > kLastStandardNumber && opener.place != 0) openers[lifetime.fd] = opener;
  };
  for (const auto& [id, lifetime] : by_id_) add(lifetime);
  for (const auto& [fd, elder] : by_number_) add(elder);
  return openers;
}

Openers HeldDescriptors::OpenersWithoutId() const {
  Openers openers = KnownOpeners();
  absl::erase_if(openers, [](const auto& entry) { return entry.second.has_id; });
  return openers;
}

OpenCounts HeldDescriptors::CountOpen(uint64_t limit) const {
  OpenCounts counts;
  const auto count = [&](const Lifetime& lifetime) {
    ++counts.all;
    counts.beyond += limit != 0 && static_cast<uint64_t>(lifetime.fd) >= limit;
    ++counts.by_place[lifetime.fd > kLastStandardNumber ? OpenerOf(lifetime).place : 0];
  };
  for (const auto& [id, lifetime] : by_id_) count(lifetime);
  for (const auto& [fd, elder] : by_number_) count(elder);
  return counts;
}

void HeldDescriptors::Open(uint64_t id, Lifetime lifetime) {
  if (lifetime.place != 0) {
    recording_.sites.At(lifetime.place).Opened(lifetime.opened_ns);
    recording_.timeline.Change(lifetime.opened_ns, 1);
  }
  by_id_.insert_or_assign(id, std::move(lifetime));
  KeepPeak();
}

void HeldDescriptors::MakeRoom(int fd, uint64_t at_ns, const std::optional<Ending>& overwrite, bool came_upon) {
  const auto it = by_number_.find(fd);
  if (it == by_number_.end()) {
    // Whoever had the number after this call may have been read before it, and ended the elder.
    const auto end = unseen_ends_.find(KeyOf(fd));
    if (end == unseen_ends_.end() || end->second.noticed_ns <= at_ns) return;
    end->second.noticed_ns = at_ns;
    if (overwrite) TellIfUnseen(KeyOf(fd), *overwrite);
    return;
  }
  Lifetime elder = std::move(it->second);
  by_number_.erase(it);
  if (elder.origin == Origin::kProvisional) {  // it was this one, found before it was told
    recording_.files.Forget(elder.hold);
  } else if (elder.origin == Origin::kUnseen && at_ns <= elder.opened_ns) {
    recording_.files.Forget(elder.hold);
    totals_.set_opened_unseen(totals_.opened_unseen() - 1);  // likewise
  } else if (came_upon && (elder.origin == Origin::kInherited || elder.origin == Origin::kCopy)) {
    recording_.files.Forget(elder.hold);
    unseen_ends_[KeyOf(fd)] = {.settled = true};  // a close read late changes nothing
  } else if (overwrite) {
    EndSeen(elder, *overwrite);
  } else {
    EndUnseen(KeyOf(fd), elder, at_ns);
  }
}

bool HeldDescriptors::Close(uint64_t id, const Ending& ending) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return TellIfUnseen(id, ending);
  if (ending.kept_to_the_end) {
    KeepToTheEnd(it->second, ending);
  } else {
    EndSeen(it->second, ending);
  }
  by_id_.erase(it);
  return true;
}

bool HeldDescriptors::CloseElder(int fd, const Ending& ending) {
  const auto it = by_number_.find(fd);
  if (it == by_number_.end()) return TellIfUnseen(KeyOf(fd), ending);
  if (it->second.origin == Origin::kProvisional) Confirm(it->second);
  EndSeen(it->second, ending);
  by_number_.erase(it);
  return true;
}

void HeldDescriptors::CloseElders(uint32_t first, uint32_t last, const Ending& ending) {
  const auto in_range = [&](uint32_t number) { return first <= number && number <= last; };
  absl::erase_if(by_number_, [&](auto& entry) {
    Lifetime& elder = entry.second;
    if (!in_range(static_cast<uint32_t>(entry.first)) || elder.opened_ns > ending.at_ns) return false;
    if (elder.origin == Origin::kProvisional) Confirm(elder);
    EndSeen(elder, ending);
    return true;
  });
  // Whoever had a number after this call may have been read before it.
  absl::erase_if(unseen_ends_, [&](const auto& entry) {
    const auto& [key, end] = entry;
    if ((key & kNumberBit) == 0 || !in_range(static_cast<uint32_t>(key)) || end.noticed_ns <= ending.at_ns)
      return false;
    Tell(end, ending);
    return true;
  });
}

bool HeldDescriptors::Replace(uint64_t id, uint64_t at_ns) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return unseen_ends_.erase(id) != 0;
  EndUnseen(id, it->second, at_ns);
  unseen_ends_.erase(id);  // no event will tell of it
  by_id_.erase(it);
  return true;
}

void HeldDescriptors::KeepToTheEnd(Lifetime& lifetime, const Ending& ending) {
  if (lifetime.hold.file != nullptr && ending.file) {
    recording_.files.Seen(lifetime.hold, *ending.file, ending.at_ns);
  }
  kept_to_the_end_.push_back(std::move(lifetime));
}

void HeldDescriptors::EndSeen(Lifetime& lifetime, const Ending& ending) {
  recording_.files.Closed(lifetime.hold, ending.at_ns, ending.file ? &*ending.file : nullptr);
  if (lifetime.place == 0) return;
  recording_.sites.At(lifetime.place).Closed(lifetime.opened_ns, ending.at_ns, ending.closer);
  recording_.timeline.Change(ending.at_ns, -1);
}

void HeldDescriptors::EndUnseen(uint64_t key, Lifetime& lifetime, uint64_t noticed_ns) {
  const FileHold held = lifetime.hold;
  recording_.files.Closed(lifetime.hold, noticed_ns);
  totals_.set_closed_unseen(totals_.closed_unseen() + 1);
  if (lifetime.place != 0) {
    recording_.sites.At(lifetime.place).ClosedUnseen(noticed_ns);
    recording_.timeline.Change(noticed_ns, -1);
  }
  unseen_ends_[key] = {
      .place = lifetime.place, .opened_ns = lifetime.opened_ns, .noticed_ns = noticed_ns, .held = held};
}

void HeldDescriptors::Confirm(Lifetime& elder) {
  elder.origin = Origin::kUnseen;
  totals_.set_opened_unseen(totals_.opened_unseen() + 1);
}

void HeldDescriptors::KeepPeak() {
  totals_.set_peak_open(std::max(totals_.peak_open(), static_cast<uint32_t>(size())));
}

// The close counted as unseen; now its event has come. One that comes a look too late closed nothing: the descriptor
// had long gone.
void HeldDescriptors::Tell(const UnseenEnd& end, const Ending& ending) {
  if (end.held.file != nullptr && ending.file) recording_.files.ClosedLate(end.held, ending.at_ns, *ending.file);
  if (end.settled) return;
  totals_.set_closed_unseen(totals_.closed_unseen() - 1);
  if (end.place != 0) recording_.sites.At(end.place).UnseenTold(end.opened_ns, ending.at_ns, ending.closer);
}

bool HeldDescriptors::TellIfUnseen(uint64_t key, const Ending& ending) {
  const auto it = unseen_ends_.find(key);
  if (it == unseen_ends_.end()) return false;
  Tell(it->second, ending);
  unseen_ends_.erase(it);
  return true;
}

std::vector<int> HeldDescriptors::Untold(bool from_outside) const {
  std::vector<int> numbers;
  const auto add = [&](const Lifetime& lifetime) {
    const bool undecided = lifetime.origin == Origin::kProvisional;
    if (!undecided && !IsWorthTelling(lifetime, from_outside)) numbers.push_back(lifetime.fd);
  };
  for (const auto& [id, lifetime] : by_id_) add(lifetime);
  for (const auto& [fd, elder] : by_number_) add(elder);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void HeldDescriptors::LeaveOpen(uint64_t at_ns, bool from_outside, bool alive, bool sizes_known) {
  const auto leave = [&](Lifetime& lifetime) {
    if (lifetime.origin == Origin::kProvisional) Confirm(lifetime);
    if (lifetime.place != 0) {
      recording_.sites.At(lifetime.place).Left(1);
      recording_.timeline.Change(at_ns, -1);
    }
    recording_.files.Left(
        lifetime.hold,
        {.process = totals_.serial(), .fd = lifetime.fd, .at_ns = at_ns, .alive = alive, .receipt = lifetime.receipt},
        sizes_known);
    if (!IsWorthTelling(lifetime, from_outside)) return;
    const bool inherited = lifetime.origin == Origin::kInherited;
    recording_.left_open.push_back(
        {.lifetime = std::move(lifetime), .process = totals_.serial(), .inherited = inherited});
  };
  totals_.set_open_at_exit(static_cast<uint32_t>(size() + kept_to_the_end_.size()));
  for (Lifetime& lifetime : kept_to_the_end_) leave(lifetime);
  kept_to_the_end_.clear();
  for (auto& [id, lifetime] : by_id_) leave(lifetime);
  for (auto& [fd, elder] : by_number_) leave(elder);
  by_id_.clear();
  by_number_.clear();
}

}  // namespace fdtrace
