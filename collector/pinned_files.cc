#include "collector/pinned_files.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace fdtrace {
namespace {

// By the descriptors that hold it; where there are none, by those that its mappings were made of.
PlaceCounts OpenersOf(const TrackedFile& file, const std::vector<const LeftHolder*>& holders) {
  PlaceCounts descriptors, mappings;
  for (const LeftHolder* const holder : holders) {
    const bool received = holder->receipt != nullptr && holder->receipt->first_place != 0;
    const uint32_t opener = received ? holder->receipt->first_place : holder->opener;
    if (opener != 0) (holder->fd >= 0 ? descriptors : mappings).Add(opener);
  }
  if (descriptors.empty() && mappings.empty()) mappings.Add(file.last_opener);
  return descriptors.empty() ? mappings : descriptors;
}

Resource KindOf(const TrackedFile& file, const Sites& sites) {
  const Site* const site = file.last_opener == 0 ? nullptr : sites.Known(file.last_opener);
  const bool told = site != nullptr && (site->made == MEMFD || site->made == SHARED_MEMORY);
  return file.kind == FILE && told ? site->made : file.kind;
}

TracePinned ToTrace(const TrackedFile& file, const Sites& sites, const std::vector<MountedOn>& mounted) {
  TracePinned trace;
  trace.set_device(file.id.first);
  trace.set_inode(file.id.second);
  trace.set_path(file.name.path());
  trace.set_bytes(file.bytes);
  trace.set_apparent_bytes(file.apparent_bytes);
  trace.set_seen_ns(file.seen_ns);
  trace.set_removed_by(file.removal.how);
  trace.set_removed_ns(file.removal.at_ns);
  if (file.removal.place != 0) *trace.mutable_removed_at() = sites.ToTrace(file.removal.place, 1);

  std::vector<const LeftHolder*> holders;
  for (const LeftHolder& holder : file.left) {
    if (holder.at_ns >= file.removal.at_ns) holders.push_back(&holder);
  }
  for (TracePlace& place : OpenersOf(file, holders).ToTrace(sites)) *trace.add_opened_at() = std::move(place);
  std::set<std::tuple<uint32_t, int32_t, bool>> rows;
  for (const LeftHolder* const holder : holders) rows.emplace(holder->process, holder->fd, holder->alive);
  for (const auto& [process, fd, alive] : rows) {
    TraceHolder& row = *trace.add_holders();
    row.set_process(process);
    row.set_fd(fd);
    row.set_alive(alive);
  }

  const Resource kind = KindOf(file, sites);
  const auto on =
      std::find_if(mounted.begin(), mounted.end(), [&](const MountedOn& one) { return one.device == file.id.first; });
  trace.set_is_memory(kind != FILE || (on != mounted.end() && on->is_memory));
  trace.set_is_shared_memory(kind == SHARED_MEMORY);
  return trace;
}

}  // namespace

std::vector<TracePinned> PinnedToTrace(const std::vector<std::shared_ptr<TrackedFile>>& files, const Sites& sites,
                                       const std::vector<MountedOn>& mounted) {
  std::vector<TracePinned> records;
  records.reserve(files.size());
  for (const std::shared_ptr<TrackedFile>& file : files) records.push_back(ToTrace(*file, sites, mounted));
  const auto key = [](const TracePinned& one) {
    return std::tuple(~one.bytes(), ~one.apparent_bytes(), one.removed_ns(), one.device(), one.inode());
  };
  std::sort(records.begin(), records.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return records;
}

}  // namespace fdtrace
