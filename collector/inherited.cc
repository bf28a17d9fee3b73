#include "collector/inherited.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace fdtrace {

void InheritedDescriptors::Row::Add(const Row& other) {
  count += other.count;
  for (const int number : other.fds) {
    if (fds.size() < kMaxNumbers) fds.insert(number);
  }
  if (std::tie(other.first_ns, other.process, other.fd) >= std::tie(first_ns, process, fd)) return;
  first_ns = other.first_ns;
  process = other.process;
  fd = other.fd;
  opener_pid = other.opener_pid;
}

void InheritedDescriptors::Count(const Opener& opener, int fd, const Receiver& receiver) {
  rows_[{opener.place, receiver.executable}].Add({.count = 1,
                                                  .fds = {fd},
                                                  .first_ns = receiver.at_ns,
                                                  .process = receiver.process,
                                                  .fd = fd,
                                                  .opener_pid = opener.pid});
}

void InheritedDescriptors::MakeSites(Sites& sites) const {
  for (const auto& [key, row] : rows_) {
    if (key.first != 0) sites.At(key.first);
  }
}

absl::Status InheritedDescriptors::Write(const Sites& sites,
                                         const absl::flat_hash_map<uint32_t, uint32_t>& site_of_place,
                                         TraceWriter& writer) const {
  // Places may have been joined since they were counted.
  std::map<std::pair<uint32_t, std::string>, Row> by_site;
  for (const auto& [key, row] : rows_) {
    const auto& [place, executable] = key;
    by_site[{place == 0 ? 0 : site_of_place.at(sites.Find(place)), executable}].Add(row);
  }
  std::vector<const decltype(by_site)::value_type*> sorted;
  sorted.reserve(by_site.size());
  for (const auto& entry : by_site) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->second.first_ns < b->second.first_ns; });
  for (const auto* entry : sorted) {
    const auto& [site, executable] = entry->first;
    const Row& row = entry->second;
    TraceRecord record;
    TraceInherited& trace = *record.mutable_inherited();
    trace.set_site(site);
    trace.set_executable(executable);
    trace.set_process(row.process);
    trace.set_opener_pid(row.opener_pid);
    trace.set_count(row.count);
    trace.mutable_fds()->Add(row.fds.begin(), row.fds.end());
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
