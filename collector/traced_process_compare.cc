// How a process starts, execs and ends, and what /proc shows of it in between. Events are in traced_process.cc.
//
// /proc is read while the process runs, and its events trail behind: so what is found there without an event is
// believed only when it is found twice, or when the process starts, execs or ends; and a close that is told after its
// descriptor was missed counts as told.
#include <algorithm>
#include <utility>

#include "collector/traced_process.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

using SeenByNumber = absl::flat_hash_map<int, const SeenDescriptor*>;

SeenByNumber ByNumber(const std::vector<SeenDescriptor>& seen) {
  SeenByNumber numbers;
  for (const SeenDescriptor& descriptor : seen) {
    if (descriptor.fd >= 0) numbers[descriptor.fd] = &descriptor;
  }
  return numbers;
}

// Objects that the kernel makes by a call of their own and that no path leads to: what such a call made is never
// anything else.
bool OnlyItsCallMakes(Resource resource) {
  switch (resource) {
    case SOCKET:
    case EPOLL:
    case EVENTFD:
    case TIMERFD:
    case SIGNALFD:
    case INOTIFY:
    case FANOTIFY:
    case IO_URING:
    case USERFAULTFD:
      return true;
    default:
      return false;
  }
}

bool HasPath(Resource resource) { return resource == FILE || resource == DIRECTORY; }

std::unique_ptr<SeenDescriptor> Copy(const SeenDescriptor& seen) { return std::make_unique<SeenDescriptor>(seen); }

}  // namespace

TracedProcess::TracedProcess(const Image& image, std::shared_ptr<Definitions> ancestor, bool from_outside,
                             Recording& recording)
    : recording_(recording), from_outside_(from_outside) {
  image_ = std::make_unique<ProgramImage>(image.serial, std::move(ancestor));
  totals_.set_serial(image.serial);
  totals_.set_pid(image.pid);
  totals_.set_parent_pid(image.parent_pid);
  totals_.set_started_ns(image.started_ns);
  DescribeProgram(image);
  const Origin origin = image.forked_from != 0 ? Origin::kCopy : Origin::kInherited;
  for (const auto& [fd, seen] : ByNumber(image.present)) {
    elders_[fd] = {.origin = origin, .id = 0, .since_ns = image.started_ns, .seen = Copy(*seen)};
  }
  HeldChanged();
}

void TracedProcess::DescribeProgram(const Image& image) {
  totals_.set_executable(image.executable);
  totals_.clear_command_line();
  for (const std::string& argument : image.command_line) totals_.add_command_line(argument);
  totals_.set_nofile_soft(image.nofile_soft);
  totals_.set_nofile_hard(image.nofile_hard);
}

void TracedProcess::SetLost(uint64_t events_lost, uint64_t stackless) {
  image_->lost = events_lost;
  image_->stackless = stackless;
}

// No event of the running image comes any more.
void TracedProcess::SettleImage() {
  ForgetParked([](const ParkedClose&) { return true; });
  unseen_ends_.clear();
  undecided_.clear();
  image_->Settle(recording_.sites, opened_at_);
  lost_before_ += std::exchange(image_->lost, 0);
  stackless_before_ += std::exchange(image_->stackless, 0);
  totals_.set_events_lost(lost_before_ + closes_without_open_ + damaged_);
  totals_.set_stackless(stackless_before_);
}

void TracedProcess::Exec(const Image& image) {
  SettleImage();
  KeepOverExec(image);
  image_ = std::make_unique<ProgramImage>(image.serial, nullptr);
  DescribeProgram(image);
  HeldChanged();
}

void TracedProcess::KeepOverExec(const Image& image) {
  const uint32_t exec = recording_.sites.Place(0, recording_.sites.Name("exec"));
  const SeenByNumber present = ByNumber(image.present);
  absl::erase_if(elders_, [&](const auto& entry) {
    return entry.second.origin != Origin::kSurvivor && !present.contains(entry.first);
  });
  for (const auto& [fd, id] : LifetimesByNumber(UINT64_MAX, image.started_ns)) {
    Lifetime& lifetime = open_.find(id)->second;
    const auto seen = present.find(fd);
    if (seen == present.end() || IsAnother(lifetime, *seen->second)) {
      EndSeen(id, image.started_ns, exec);
      continue;
    }
    Describe(lifetime, *seen->second);
    if (!std::exchange(lifetime.elder, true)) ++survivors_;
    elders_[fd] = {.origin = Origin::kSurvivor, .id = id, .since_ns = image.started_ns, .seen = nullptr};
  }
  for (const auto& [fd, seen] : present) {
    const auto [it, is_new] = elders_.try_emplace(fd);
    Elder& elder = it->second;
    if (is_new) elder = {.origin = Origin::kInherited, .id = 0, .since_ns = image.started_ns, .seen = Copy(*seen)};
    if (elder.origin == Origin::kProvisional) Confirm(elder);
  }
}

std::vector<int> TracedProcess::OpenNumbers() const {
  std::vector<int> numbers;
  for (const auto& [id, lifetime] : open_) numbers.push_back(lifetime.fd);
  for (const auto& [fd, elder] : elders_) numbers.push_back(fd);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

// Of those begun before a time. Where two have one number, the earlier one has ended: its close was lost.
absl::flat_hash_map<int, uint64_t> TracedProcess::LifetimesByNumber(uint64_t before_ns, uint64_t noticed_ns) {
  absl::flat_hash_map<int, uint64_t> numbers;
  std::vector<uint64_t> ended;
  for (const auto& [id, lifetime] : open_) {
    if (lifetime.opened_ns >= before_ns) continue;
    const auto [it, is_new] = numbers.try_emplace(lifetime.fd, id);
    if (is_new) continue;
    const uint64_t other_opened_ns = open_.find(it->second)->second.opened_ns;
    const bool later = std::pair(lifetime.opened_ns, id) > std::pair(other_opened_ns, it->second);
    ended.push_back(later ? std::exchange(it->second, id) : id);
  }
  for (const uint64_t id : ended) EndUnseen(id, noticed_ns, MayBeTold::kYes);
  return numbers;
}

bool TracedProcess::IsAnother(const Lifetime& lifetime, const SeenDescriptor& seen) {
  if (lifetime.place == 0 || seen.resource == RESOURCE_UNKNOWN) return false;
  const Resource made = recording_.sites.At(lifetime.place).made;
  if (OnlyItsCallMakes(made))
    return seen.resource != made && (OnlyItsCallMakes(seen.resource) || HasPath(seen.resource));
  return HasPath(made) && !lifetime.path_argument.empty() && OnlyItsCallMakes(seen.resource);
}

void TracedProcess::Describe(Lifetime& lifetime, const SeenDescriptor& seen) {
  lifetime.seen = Copy(seen);
  if (lifetime.place == 0) return;
  Site& site = recording_.sites.At(lifetime.place);
  if (site.resource == RESOURCE_UNKNOWN) site.resource = seen.resource;
}

void TracedProcess::Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns) {
  // An id is kept as long as it is in the image's own table; a number may be anything by now.
  absl::erase_if(unseen_ends_, [](const auto& entry) { return entry.first >> kLifetimeIdBits != 0; });
  for (auto& [id, end] : unseen_ends_) end.settled = true;
  SeenByNumber unclaimed = ByNumber(seen);
  absl::flat_hash_set<int> begun_since;
  for (const auto& [id, lifetime] : open_) {
    if (lifetime.opened_ns >= at_ns) begun_since.insert(lifetime.fd);
  }
  for (const auto& [fd, id] : LifetimesByNumber(at_ns, at_ns)) {
    Lifetime& lifetime = open_.find(id)->second;
    const auto found = unclaimed.find(fd);
    if (found == unclaimed.end()) {
      EndUnseen(id, at_ns, MayBeTold::kYes);
    } else if (begun_since.contains(fd)) {
      // Whose it is, the next look will tell.
    } else if (IsAnother(lifetime, *found->second)) {
      const SeenDescriptor& another = *found->second;
      EndUnseen(id, at_ns, MayBeTold::kYes);
      Confirm(elders_[fd] = {.origin = Origin::kUnseen, .id = 0, .since_ns = at_ns, .seen = Copy(another)});
      unclaimed.erase(found);
    } else {
      Describe(lifetime, *found->second);
      unclaimed.erase(found);
    }
  }
  for (const int fd : begun_since) unclaimed.erase(fd);
  CompareElders(unclaimed, at_ns);
  HeldChanged();
}

void TracedProcess::CompareElders(const SeenByNumber& seen, uint64_t at_ns) {
  std::vector<int> gone;
  for (auto& [fd, elder] : elders_) {
    // A survivor was looked at as a lifetime, and so was what has just been found in the place of one.
    if (elder.origin == Origin::kSurvivor || elder.since_ns >= at_ns) continue;
    const auto found = seen.find(fd);
    if (found == seen.end()) {
      gone.push_back(fd);
      continue;
    }
    if (elder.origin == Origin::kProvisional) Confirm(elder);
    elder.seen = Copy(*found->second);
  }
  for (const int fd : gone) {
    if (elders_[fd].origin == Origin::kProvisional) {
      DropElder(fd);  // it was being closed when it was found
    } else {
      DropElderUnseen(fd, at_ns);
    }
  }
  for (const auto& [fd, descriptor] : seen) {
    const auto [it, is_new] = elders_.try_emplace(fd);
    if (is_new) it->second = {.origin = Origin::kProvisional, .id = 0, .since_ns = at_ns, .seen = Copy(*descriptor)};
  }
}

Resource TracedProcess::ResourceOf(uint64_t id) const {
  const auto it = open_.find(id);
  if (it == open_.end()) return RESOURCE_UNKNOWN;
  const Lifetime& lifetime = it->second;
  if (lifetime.seen != nullptr && lifetime.seen->resource != RESOURCE_UNKNOWN) return lifetime.seen->resource;
  return lifetime.place == 0 ? RESOURCE_UNKNOWN : recording_.sites.At(lifetime.place).resource;
}

void TracedProcess::LeaveOpen(uint64_t at_ns) {
  for (auto& [id, lifetime] : open_) {
    if (lifetime.place == 0) continue;
    recording_.sites.At(lifetime.place).Left(1);
    recording_.timeline.Change(at_ns, -1);
    recording_.left_open.push_back({.lifetime = std::move(lifetime), .process = totals_.serial()});
  }
  for (auto& [fd, elder] : elders_) {
    const bool inherited = elder.origin == Origin::kInherited && from_outside_;
    if (fd <= kLastStandardNumber || (elder.origin != Origin::kUnseen && !inherited)) continue;
    LeftOpen left = {.lifetime = {}, .process = totals_.serial(), .inherited = inherited};
    left.lifetime.fd = fd;
    left.lifetime.opened_ns = elder.since_ns;
    left.lifetime.seen = std::move(elder.seen);
    recording_.left_open.push_back(std::move(left));
  }
}

void TracedProcess::End(uint64_t at_ns, ProcessEnd how) {
  for (auto& [fd, elder] : elders_) {
    if (elder.origin == Origin::kProvisional) Confirm(elder);
  }
  SettleImage();
  totals_.set_open_at_exit(static_cast<uint32_t>(held()));
  LeaveOpen(at_ns);
  for (const uint32_t place : opened_at_) recording_.sites.At(place).ProcessEnded(at_ns);
  totals_.set_ended_ns(how == ProcessEnd::kAlive ? 0 : at_ns);
  totals_.set_end(how == ProcessEnd::kAlive    ? TraceProcess::ALIVE
                  : how == ProcessEnd::kExited ? TraceProcess::EXITED
                                               : TraceProcess::VANISHED);
}

}  // namespace fdtrace
