// What opened a file is told by several places where several descriptors were opened on it; the most frequent stands
// for all.
#include "viewer/pinned.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "viewer/count.h"
#include "viewer/printable.h"
#include "viewer/remedies.h"

namespace fdtrace {
namespace {

PinnedFile::RemovedBy Shown(TracePinned::RemovedBy removed_by) {
  switch (removed_by) {
    case TracePinned::UNLINK:
      return PinnedFile::UNLINK;
    case TracePinned::RENAME:
      return PinnedFile::RENAME;
    case TracePinned::BORN:
      return PinnedFile::TMPFILE;
    case TracePinned::ANOTHER_PROCESS:
      return PinnedFile::OTHER_PROCESS;
    default:
      return PinnedFile::REMOVED_BY_UNKNOWN;
  }
}

// An unknown place where none is known.
Places::Place OpenerOf(const TracePinned& pinned, ShownStacks& stacks) {
  Places openers(stacks);
  for (const TracePlace& place : pinned.opened_at()) openers.Add(place);
  const std::vector<Places::Place> sorted = openers.MostFrequentFirst();
  return sorted.empty() ? Places::Place() : sorted.front();
}

// What is known of processes and file systems by their numbers.
class Known {
 public:
  explicit Known(const Trace& trace) {
    for (const TraceProcess& process : trace.processes) pids_[process.serial()] = process.pid();
    for (const TraceFilesystem& filesystem : trace.filesystems) {
      mounts_[filesystem.device()] = Printable(filesystem.mount());
    }
  }

  // 0 and empty where they are not known.
  uint32_t Pid(uint32_t serial) const { return Find(pids_, serial); }
  std::string Mount(uint64_t device) const { return Find(mounts_, device); }

 private:
  template <typename Map, typename Key>
  static typename Map::mapped_type Find(const Map& map, Key key) {
    const auto found = map.find(key);
    return found == map.end() ? typename Map::mapped_type() : found->second;
  }

  absl::flat_hash_map<uint32_t, uint32_t> pids_;
  absl::flat_hash_map<uint64_t, std::string> mounts_;
};

void AddHolders(const TracePinned& pinned, const Known& known, PinnedFile& file) {
  for (const TraceHolder& holder : pinned.holders()) {
    Holder& shown = *file.add_holders();
    shown.set_pid(known.Pid(holder.process()));
    shown.set_kind(holder.fd() < 0 ? Holder::MAPPING : Holder::DESCRIPTOR);
    shown.set_fd(holder.fd());
    shown.set_alive(holder.alive());
  }
  std::stable_sort(file.mutable_holders()->begin(), file.mutable_holders()->end(),
                   [](const Holder& a, const Holder& b) {
                     return std::make_tuple(a.kind(), a.pid(), a.fd()) < std::make_tuple(b.kind(), b.pid(), b.fd());
                   });
}

PinnedFile Shown(const TracePinned& pinned, const Known& known, ShownStacks& stacks) {
  PinnedFile file;
  file.set_path(Printable(pinned.path()));
  file.set_device(pinned.device());
  file.set_inode(pinned.inode());
  file.set_bytes(Signed(pinned.bytes()));
  file.set_apparent_bytes(Signed(pinned.apparent_bytes()));
  file.set_seen_ns(Signed(pinned.seen_ns()));
  file.set_removed_by(Shown(pinned.removed_by()));
  const Places::Place opener = OpenerOf(pinned, stacks);
  file.set_open_call(opener.call);
  *file.mutable_opened_at() = stacks.FramesOf(opener.stack);
  file.set_unlink_call(Printable(pinned.removed_at().function()));
  *file.mutable_unlinked_at() = stacks.FramesOf(pinned.removed_at().stack());
  file.set_unlinked_ns(Signed(pinned.removed_ns()));
  file.set_in_memory(pinned.is_memory() || pinned.is_shared_memory());
  file.set_mount(known.Mount(pinned.device()));
  AddHolders(pinned, known, file);
  for (const std::string& remedy : RemediesFor(file)) file.add_remedies(remedy);
  return file;
}

}  // namespace

google::protobuf::RepeatedPtrField<PinnedFile> PinnedFilesOf(const Trace& trace, ShownStacks& stacks) {
  const Known known(trace);
  google::protobuf::RepeatedPtrField<PinnedFile> files;
  for (const TracePinned& pinned : trace.pinned) *files.Add() = Shown(pinned, known, stacks);
  std::stable_sort(files.begin(), files.end(), [](const PinnedFile& a, const PinnedFile& b) {
    return std::make_tuple(-a.bytes(), -a.apparent_bytes(), a.unlinked_ns()) <
           std::make_tuple(-b.bytes(), -b.apparent_bytes(), b.unlinked_ns());
  });
  return files;
}

google::protobuf::RepeatedPtrField<PinnedSite> PinnedSitesOf(const Trace& trace, ShownStacks& stacks) {
  struct Sum {
    uint64_t bytes = 0;
    uint64_t files = 0;
    Places::Place opener;
  };
  std::map<CallAndStack, Sum> sums;
  for (const TracePinned& pinned : trace.pinned) {
    const Places::Place opener = OpenerOf(pinned, stacks);
    Sum& sum = sums[{opener.call, stacks.Get(opener.stack).key}];
    sum.bytes += pinned.bytes();
    ++sum.files;
    sum.opener = opener;
  }
  google::protobuf::RepeatedPtrField<PinnedSite> sites;
  for (const auto& [call_and_stack, sum] : sums) {
    PinnedSite& site = *sites.Add();
    site.set_bytes(Signed(sum.bytes));
    site.set_files(Count(sum.files));
    site.set_call(sum.opener.call);
    *site.mutable_stack() = stacks.FramesOf(sum.opener.stack);
  }
  std::stable_sort(sites.begin(), sites.end(), [](const PinnedSite& a, const PinnedSite& b) {
    return std::make_tuple(-a.bytes(), -int64_t{a.files()}) < std::make_tuple(-b.bytes(), -int64_t{b.files()});
  });
  return sites;
}

std::map<CallAndStack, uint64_t> PinnedBytesByPlace(const Trace& trace, ShownStacks& stacks) {
  if (trace.pinned.empty()) return {};  // mostly
  absl::flat_hash_map<uint32_t, CallAndStack> sites;
  for (const TraceSite& site : trace.sites) {
    sites[site.index()] = {site.function(), stacks.Get(site.stack()).key};
  }
  absl::flat_hash_map<std::pair<uint32_t, int32_t>, uint32_t> site_of;
  for (const TraceDescriptor& descriptor : trace.descriptors) {
    site_of[{descriptor.process(), descriptor.fd()}] = descriptor.site();
  }
  std::map<CallAndStack, uint64_t> bytes;
  for (const TracePinned& pinned : trace.pinned) {
    std::set<CallAndStack> places;
    for (const TraceHolder& holder : pinned.holders()) {
      if (holder.fd() < 0) continue;
      const auto descriptor = site_of.find({holder.process(), holder.fd()});
      if (descriptor == site_of.end()) {
        for (const TracePlace& place : pinned.opened_at()) places.insert(KeyOf(place, stacks));
      } else if (const auto site = sites.find(descriptor->second); site != sites.end()) {
        places.insert(site->second);
      }
    }
    for (const CallAndStack& place : places) bytes[place] += pinned.bytes();
  }
  return bytes;
}

}  // namespace fdtrace
