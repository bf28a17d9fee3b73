#include "collector/failures.h"

#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>

#include "collector/failure_causes.h"

namespace fdtrace {
namespace {

// The system's own limit that the cause is about; 0: none, or not known.
uint64_t LimitOf(TraceFailure::Cause cause, const Failures::Call& call) {
  switch (cause) {
    case TraceFailure::SYSTEM_LIMIT:
      return call.limits.files;
    case TraceFailure::INOTIFY_INSTANCES:
      return call.limits.inotify_instances;
    case TraceFailure::INOTIFY_WATCHES:
      return call.limits.inotify_watches;
    case TraceFailure::FD_SET_SIZE:
      return FD_SETSIZE;
    default:
      return call.failed.error() == EMFILE ? call.failed.nofile_soft() : 0;
  }
}

bool IsOfInotify(TraceFailure::Cause cause) {
  return cause == TraceFailure::INOTIFY_INSTANCES || cause == TraceFailure::INOTIFY_WATCHES;
}

bool IsOfSpace(const TraceFailure& told) {
  return told.has_filesystem() && told.filesystem().device() != 0 && !IsOfInotify(told.cause());
}

// All numbers that the limit allows are taken, but at most one, whatever is known of them.
uint64_t LeastOpen(const Failures::Call& call, const OpenCounts& open) {
  const uint64_t limit = call.failed.nofile_soft();
  if (limit == 0 || !TakesLowestNumber(call.function)) return 0;
  return open.beyond + limit - (MakesTwo(call.function) ? 1 : 0);
}

}  // namespace

void Failures::Share::Add(const Share& other) {
  count += other.count;
  bytes += other.bytes;
  pinned_bytes += other.pinned_bytes;
  pinned_files += other.pinned_files;
}

Failures::Row Failures::NewRow(const Call& call, TraceFailure::Cause cause) {
  const Failed& failed = call.failed;
  Row row;
  TraceFailure& told = row.told;
  told.set_error(failed.error());
  told.set_cause(cause);
  told.set_path(failed.path());
  told.set_process(call.process);
  told.set_first_ns(call.at_ns);
  told.set_last_ns(call.at_ns);
  told.set_limit(LimitOf(cause, call));
  told.set_hard_limit(failed.nofile_hard());
  told.set_by_signal(failed.by_signal());
  if (cause == TraceFailure::FD_SET_SIZE) told.set_fd(failed.fd() - 1);
  if (failed.has_filesystem()) *told.mutable_filesystem() = failed.filesystem();
  row.awaits_look = IsOfSpace(told);
  row.checked_ns = call.at_ns;
  return row;
}

bool Failures::MayHaveChanged(const Call& call, const Row& row) {
  return LimitOf(row.told.cause(), call) != row.told.limit() ||
         call.failed.filesystem().device() != row.told.filesystem().device() ||
         call.at_ns >= row.checked_ns + kRecheckNs;
}

// Is it other code that has most, and does the code that had most have half of it at most?
bool Failures::HasChanged(const Row& before, const Row& now) {
  if (before.told.limit() != now.told.limit()) return true;
  if (before.told.filesystem().device() != now.told.filesystem().device()) return true;
  if (before.shares.empty() || now.shares.empty()) return false;
  const auto size = [](const Share& share) { return std::pair(share.bytes, share.count); };
  const auto is_less = [&](const auto& a, const auto& b) { return size(a.second) < size(b.second); };
  const auto [place, most] = *std::max_element(before.shares.begin(), before.shares.end(), is_less);
  if (std::max_element(now.shares.begin(), now.shares.end(), is_less)->first == place) return false;
  const auto left = now.shares.find(place);
  if (left == now.shares.end()) return true;
  return left->second.bytes <= most.bytes / 2 && left->second.count <= most.count / 2;
}

void Failures::Count(const Call& call, uint64_t open_count, absl::FunctionRef<OpenCounts()> open, const Files& files,
                     const CreatedFiles& created, const Sites& sites) {
  const TraceFailure::Cause cause = CauseOf(call.failed, call.function, open_count);
  Pictures& pictures = rows_[{.place = call.place, .error = call.failed.error(), .cause = cause}];
  if (pictures.empty() || (pictures.size() < kMaxPictures && MayHaveChanged(call, pictures.back()))) {
    Row now = NewRow(call, cause);
    TakeOpen(call, open(), sites, now);
    TakeSpace(files, created, now);
    if (pictures.empty() || HasChanged(pictures.back(), now)) {
      now.told.set_picture(static_cast<uint32_t>(pictures.size()));
      awaiting_look_ += now.awaits_look;
      pictures.push_back(std::move(now));
    }
    pictures.back().checked_ns = call.at_ns;
  }
  Row& row = pictures.back();
  ++row.count;
  row.told.set_first_ns(std::min(row.told.first_ns(), call.at_ns));
  row.told.set_last_ns(std::max(row.told.last_ns(), call.at_ns));
}

void Failures::TakeOpen(const Call& call, const OpenCounts& open, const Sites& sites, Row& row) {
  const int32_t error = call.failed.error();
  const bool of_inotify = IsOfInotify(row.told.cause());
  if (error != EMFILE && error != ENFILE && !of_inotify && row.told.cause() != TraceFailure::FD_SET_SIZE) return;
  uint64_t known = 0;
  for (const auto& [place, count] : open.by_place) {
    if (place == 0) continue;
    known += count;
    const Site* const site = of_inotify ? sites.Known(place) : nullptr;
    if (!of_inotify || (site != nullptr && site->made == INOTIFY)) row.shares[place].count = count;
  }
  const uint64_t all = error == EMFILE ? std::max(open.all, LeastOpen(call, open)) : open.all;
  row.told.set_open_count(all);
  row.told.set_open_unknown(all - known);
  KeepLargest(row.shares);
}

void Failures::TakeSpace(const Files& files, const CreatedFiles& created, Row& row) {
  TraceFailure& told = row.told;
  if (!IsOfSpace(told)) return;
  const uint64_t device = told.filesystem().device();
  uint64_t pinned_bytes = 0;
  uint64_t pinned_files = 0;
  Shares shares;
  for (const auto& [place, use] : files.UseOf(device)) {
    pinned_bytes += use.pinned_bytes;
    pinned_files += use.pinned_files;
    Share& share = shares[place];
    share.pinned_bytes = use.pinned_bytes;
    share.pinned_files = use.pinned_files;
    if (told.cause() == TraceFailure::INODES) {
      share.count = use.pinned_files;
    } else {
      share.count = std::max(use.grown_files, use.pinned_files);
      share.bytes = std::max(use.grown_bytes, use.pinned_bytes);
    }
  }
  if (told.cause() == TraceFailure::INODES) {
    for (const auto& [place, count] : created.CountOn(device)) shares[place].count += count;
  }
  // What a process gave up since it failed was there when it did.
  const bool less_pinned = pinned_bytes < told.pinned_bytes();
  if (less_pinned) return;
  told.set_pinned_bytes(pinned_bytes);
  told.set_pinned_files(pinned_files);
  shares.erase(0);
  KeepLargest(shares);
  row.shares = std::move(shares);
}

void Failures::KeepLargest(Shares& shares) {
  absl::erase_if(shares, [](const auto& entry) { return entry.second.count == 0 && entry.second.bytes == 0; });
  if (shares.size() <= kMaxBlamed) return;
  std::vector<std::tuple<uint64_t, uint64_t, uint32_t>> sizes;
  for (const auto& [place, share] : shares) sizes.emplace_back(share.bytes, share.count, place);
  std::sort(sizes.rbegin(), sizes.rend());
  for (size_t i = kMaxBlamed; i < sizes.size(); ++i) shares.erase(std::get<2>(sizes[i]));
}

void Failures::LookedAt(uint32_t process, uint64_t at_ns, const Files& files, const CreatedFiles& created) {
  if (awaiting_look_ == 0) return;
  for (auto& [key, pictures] : rows_) {
    for (Row& row : pictures) {
      if (!row.awaits_look || row.told.process() != process || row.told.first_ns() > at_ns) continue;
      row.awaits_look = false;
      --awaiting_look_;
      TakeSpace(files, created, row);
    }
  }
}

TraceFailure Failures::ToTrace(const Key& key, const Row& row, const Sites& sites,
                               const std::vector<MountedOn>& mounted) const {
  TraceFailure trace = row.told;
  *trace.mutable_failed_at() = sites.ToTrace(key.place, row.count);
  std::map<uint32_t, Share> joined;
  for (const auto& [place, share] : row.shares) joined[sites.Find(place)].Add(share);
  std::vector<std::pair<uint32_t, Share>> sorted(joined.begin(), joined.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.bytes, a.second.count) > std::pair(b.second.bytes, b.second.count);
  });
  for (const auto& [place, share] : sorted) {
    TraceBlame& blame = *trace.add_blamed();
    *blame.mutable_at() = sites.ToTrace(place, share.count);
    blame.set_bytes(share.bytes);
    blame.set_pinned_bytes(share.pinned_bytes);
    blame.set_pinned_files(share.pinned_files);
  }
  const auto on = std::find_if(mounted.begin(), mounted.end(), [&](const MountedOn& one) {
    return trace.has_filesystem() && one.device == trace.filesystem().device();
  });
  if (on != mounted.end()) {
    trace.set_mount(on->mount);
    trace.set_type(on->type);
  }
  return trace;
}

// Of two that turned out to be of one place, the picture is that of the earlier.
void Failures::Join(const Row& row, Row& sum) {
  const uint64_t count = sum.count + row.count;
  const uint64_t last_ns = std::max(sum.told.last_ns(), row.told.last_ns());
  if (row.told.first_ns() < sum.told.first_ns()) sum = row;
  sum.count = count;
  sum.told.set_last_ns(last_ns);
}

absl::Status Failures::Write(const Sites& sites, const std::vector<MountedOn>& mounted, TraceWriter& writer) const {
  std::map<std::pair<Key, uint32_t>, Row> joined;  // by where the place turned out to be, and the picture
  for (const auto& [key, pictures] : rows_) {
    Key found = key;
    if (key.place != 0) found.place = sites.Find(key.place);
    for (const Row& row : pictures) {
      const auto [it, is_new] = joined.try_emplace({found, row.told.picture()}, row);
      if (!is_new) Join(row, it->second);
    }
  }
  std::vector<std::pair<Key, const Row*>> sorted;
  sorted.reserve(joined.size());
  for (const auto& [key, row] : joined) sorted.emplace_back(key.first, &row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second->count > b.second->count; });
  for (const auto& [key, row] : sorted) {
    TraceRecord record;
    *record.mutable_failure() = ToTrace(key, *row, sites, mounted);
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
