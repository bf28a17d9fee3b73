// How a process starts and execs, and what /proc shows of it in between. Events are in held_descriptors.cc.
//
// /proc is read while the process runs, and its events trail behind: so what is found there without an event is
// believed only when it is found twice, or when the process starts, execs or ends; and a close that is told after its
// descriptor was missed counts as told.
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "collector/another_object.h"
#include "collector/held_descriptors.h"

namespace fdtrace {
namespace {

absl::flat_hash_map<int, const SeenDescriptor*> ByNumber(const std::vector<SeenDescriptor>& seen) {
  absl::flat_hash_map<int, const SeenDescriptor*> numbers;
  for (const SeenDescriptor& descriptor : seen) {
    if (descriptor.fd >= 0) numbers[descriptor.fd] = &descriptor;
  }
  return numbers;
}

// A copy whose link was not read is what its parent has.
bool MayBeOn(const FileHold& hold, const SeenDescriptor& seen) {
  if (!seen.file) return seen.link.empty();
  return hold.file->id == FileId(seen.file->device, seen.file->inode);
}

Lifetime Elder(Origin origin, uint64_t found_ns, const SeenDescriptor& seen) {
  return {.origin = origin,
          .opened_ns = found_ns,
          .fd = seen.fd,
          .thread = {},
          .path_argument = {},
          .seen = std::make_unique<SeenDescriptor>(seen)};
}

}  // namespace

HeldDescriptors::HeldDescriptors(const Image& image, const Openers& given, const HoldsByNumber& files,
                                 RecordedSoFar& recording, TraceProcess& totals)
    : recording_(recording), totals_(totals) {
  const Origin origin = image.forked_from != 0 ? Origin::kCopy : Origin::kInherited;
  for (const auto& [fd, seen] : ByNumber(image.present)) {
    Lifetime& elder = by_number_[fd] = Elder(origin, image.started_ns, *seen);
    if (const auto opener = given.find(fd); opener != given.end()) Give(elder, opener->second);
    if (origin == Origin::kInherited) elder.given_by.has_id = false;
    const auto held = files.find(fd);
    if (held != files.end() && MayBeOn(held->second, *seen)) elder.hold = recording_.files.Share(held->second);
    HoldSeen(elder, image.started_ns);
  }
  KeepPeak();
}

// Of those begun before a time. Where two have one number, the earlier one has ended: its close was lost.
absl::flat_hash_map<int, uint64_t> HeldDescriptors::LifetimesByNumber(uint64_t before_ns, uint64_t noticed_ns) {
  absl::flat_hash_map<int, uint64_t> numbers;
  std::vector<uint64_t> ended;
  for (const auto& [id, lifetime] : by_id_) {
    if (lifetime.opened_ns >= before_ns) continue;
    const auto [it, is_new] = numbers.try_emplace(lifetime.fd, id);
    if (is_new) continue;
    const uint64_t other_opened_ns = by_id_.find(it->second)->second.opened_ns;
    const bool later = std::pair(lifetime.opened_ns, id) > std::pair(other_opened_ns, it->second);
    ended.push_back(later ? std::exchange(it->second, id) : id);
  }
  for (const uint64_t id : ended) {
    EndUnseen(id, by_id_.find(id)->second, noticed_ns);
    by_id_.erase(id);
  }
  return numbers;
}

bool HeldDescriptors::IsAnother(const Lifetime& lifetime, const SeenDescriptor& seen) const {
  return lifetime.place != 0 &&
         IsAnotherObject(recording_.sites.At(lifetime.place).made, !lifetime.path_argument.empty(), seen.resource);
}

// One that is certainly another object was opened by somebody else.
void HeldDescriptors::Give(Lifetime& elder, const Opener& opener) const {
  const Site* const site = opener.place == 0 ? nullptr : recording_.sites.Known(opener.place);
  const bool another =
      site != nullptr && elder.seen != nullptr && IsAnotherObject(site->made, /*has_path=*/false, elder.seen->resource);
  elder.given_by = another ? Opener() : opener;
}

void HeldDescriptors::Describe(Lifetime& lifetime, const SeenDescriptor& seen, uint64_t at_ns) {
  lifetime.seen = std::make_unique<SeenDescriptor>(seen);
  HoldSeen(lifetime, at_ns);
  if (lifetime.place == 0) return;
  Site& site = recording_.sites.At(lifetime.place);
  if (site.resource == RESOURCE_UNKNOWN) site.resource = seen.resource;
}

// What the image opened has a number and no id from now on.
void HeldDescriptors::LeaveImage(uint64_t at_ns) {
  for (const auto& [fd, id] : LifetimesByNumber(UINT64_MAX, at_ns)) {
    by_number_[fd] = std::move(by_id_.find(id)->second);
  }
  by_id_.clear();
  unseen_ends_.clear();
}

Ending HeldDescriptors::ByExec(uint64_t at_ns) const {
  return {at_ns, recording_.sites.Place(0, recording_.sites.Name("exec"))};
}

void HeldDescriptors::Exec(uint64_t at_ns, const std::vector<SeenDescriptor>& present, const Openers* kept) {
  LeaveImage(at_ns);
  const SeenByNumber seen = ByNumber(present);
  absl::erase_if(by_number_, [&](auto& entry) {
    Lifetime& lifetime = entry.second;
    const auto found = seen.find(entry.first);
    if (found == seen.end() || IsAnother(lifetime, *found->second)) {
      EndSeen(lifetime, ByExec(at_ns));
      return true;
    }
    if (lifetime.origin == Origin::kProvisional) Confirm(lifetime);
    Describe(lifetime, *found->second, at_ns);
    return false;
  });
  for (const auto& [fd, descriptor] : seen) {
    Lifetime& elder = by_number_.try_emplace(fd, Elder(Origin::kInherited, at_ns, *descriptor)).first->second;
    Give(elder, kept == nullptr ? elder.given_by : OpenerByKept(elder, *kept));
    elder.given_by.has_id = false;
    HoldSeen(elder, at_ns);
  }
  KeepPeak();
}

// What had an id and was not kept has ended, and this is another.
Opener HeldDescriptors::OpenerByKept(const Lifetime& elder, const Openers& kept) {
  if (const auto opener = kept.find(elder.fd); opener != kept.end()) return opener->second;
  return elder.given_by.has_id ? Opener() : elder.given_by;
}

void HeldDescriptors::ExecUnlooked(uint64_t at_ns, const Openers& kept) {
  // What has come over an exec before most likely still has no CLOEXEC flag.
  absl::flat_hash_set<int> survivors;
  for (const auto& [fd, opener] : OpenersWithoutId()) survivors.insert(fd);
  LeaveImage(at_ns);
  absl::erase_if(by_number_, [&](auto& entry) {
    auto& [fd, lifetime] = entry;
    const bool stays = fd <= kLastStandardNumber || survivors.contains(fd) || kept.contains(fd);
    if (stays && lifetime.origin != Origin::kProvisional) return false;
    EndSeen(lifetime, ByExec(at_ns));
    return true;
  });
  for (const auto& [fd, opener] : kept) {
    Lifetime& elder =
        by_number_
            .try_emplace(fd, Elder(Origin::kInherited, at_ns, {.fd = fd, .link = {}, .description = {}, .file = {}}))
            .first->second;
    elder.given_by = opener;
    elder.given_by.has_id = false;
  }
  KeepPeak();
}

void HeldDescriptors::Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns) {
  // An id is kept as long as it is in the image's own table; a number may be anything by now.
  absl::erase_if(unseen_ends_, [](const auto& entry) { return (entry.first & kNumberBit) != 0; });
  for (auto& [id, end] : unseen_ends_) end.settled = true;
  SeenByNumber unclaimed = ByNumber(seen);
  CompareElders(unclaimed, at_ns);
  CompareLifetimes(unclaimed, at_ns);
  for (const auto& [fd, descriptor] : unclaimed) {
    Lifetime& elder = by_number_[fd] = Elder(Origin::kProvisional, at_ns, *descriptor);
    HoldSeen(elder, at_ns);
  }
  KeepPeak();
}

void HeldDescriptors::CompareElders(SeenByNumber& unclaimed, uint64_t at_ns) {
  absl::erase_if(by_number_, [&](auto& entry) {
    auto& [fd, elder] = entry;
    const auto found = unclaimed.find(fd);
    if (found != unclaimed.end() && !IsAnother(elder, *found->second)) {
      if (elder.origin == Origin::kProvisional) Confirm(elder);
      Describe(elder, *found->second, at_ns);
      unclaimed.erase(found);
      return false;
    }
    // One that was found only once was being closed then.
    if (elder.origin == Origin::kProvisional) {
      recording_.files.Closed(elder.hold, at_ns);
    } else {
      EndUnseen(KeyOf(fd), elder, at_ns);
    }
    return true;
  });
}

void HeldDescriptors::CompareLifetimes(SeenByNumber& unclaimed, uint64_t at_ns) {
  absl::flat_hash_set<int> begun_since;
  for (const auto& [id, lifetime] : by_id_) {
    if (lifetime.opened_ns >= at_ns) begun_since.insert(lifetime.fd);
  }
  for (const auto& [fd, id] : LifetimesByNumber(at_ns, at_ns)) {
    if (begun_since.contains(fd) && unclaimed.contains(fd)) continue;  // whose it is, the next look will tell
    Lifetime& lifetime = by_id_.find(id)->second;
    const auto found = unclaimed.find(fd);
    if (found != unclaimed.end() && !IsAnother(lifetime, *found->second)) {
      Describe(lifetime, *found->second, at_ns);
      unclaimed.erase(found);
      continue;
    }
    EndUnseen(id, lifetime, at_ns);
    by_id_.erase(id);
  }
  for (const int fd : begun_since) unclaimed.erase(fd);
}

}  // namespace fdtrace
