#include "collector/pipe_index.h"

#include "absl/strings/str_cat.h"
#include "collector/monotonic_clock.h"
#include "collector/resource_links.h"

namespace fdtrace {
namespace {

constexpr int64_t kLookLimitNs = 20'000'000;
constexpr int64_t kRestPerLook = 19;

bool StillThere(uint64_t inode, PipeIndex::End& end) {
  const auto process = ProcessDirectory::Open(end.pid);
  if (!process.ok()) return false;
  const auto descriptors = DescriptorDirectory::Open(*process);
  if (!descriptors.ok() || descriptors->Link(end.fd) != absl::StrCat("pipe:[", inode, "]")) return false;
  const auto access = descriptors->AccessOf(end.fd);
  if (access.has_value()) end.access = *access;
  return access.has_value();
}

}  // namespace

PipeIndex::Answer PipeIndex::Find(uint64_t inode, bool for_writing, pid_t asking, std::span<const pid_t> processes) {
  if (auto end = Known(inode, for_writing, asking); end.has_value()) return {.end = end};
  if (MonotonicNs() - looked_ns_ < kRestPerLook * look_took_ns_) return {};
  LookThrough(processes);
  return {.end = Known(inode, for_writing, asking), .certain = complete_};
}

std::optional<PipeIndex::End> PipeIndex::Known(uint64_t inode, bool for_writing, pid_t asking) {
  const auto known = ends_.find(inode);
  if (known == ends_.end()) return std::nullopt;
  std::vector<End>& ends = known->second;
  for (size_t i = ends.size(); i-- > 0;) {
    if (ends[i].pid == asking || (for_writing ? !ends[i].access.writes : !ends[i].access.reads)) continue;
    if (StillThere(inode, ends[i])) return ends[i];
    ends.erase(ends.begin() + static_cast<ptrdiff_t>(i));
  }
  return std::nullopt;
}

void PipeIndex::LookThrough(std::span<const pid_t> processes) {
  const int64_t began_ns = MonotonicNs();
  ends_.clear();
  complete_ = true;
  for (const pid_t pid : processes) {
    if (MonotonicNs() - began_ns > kLookLimitNs) {
      complete_ = false;
      break;
    }
    const auto process = ProcessDirectory::Open(pid);
    if (!process.ok()) continue;  // ended
    const auto numbers = process->Numbers();
    const auto descriptors = DescriptorDirectory::Open(*process);
    if (!numbers.ok() || !descriptors.ok()) {
      complete_ = false;
      continue;
    }
    for (const int fd : *numbers) {
      const auto link = descriptors->Link(fd);
      if (!link.has_value() || ResourceOfLink(*link) != PIPE) continue;
      const auto inode = InodeOfLink(*link);
      const auto access = descriptors->AccessOf(fd);
      if (inode.has_value() && access.has_value()) ends_[*inode].push_back({pid, fd, *access});
    }
  }
  looked_ns_ = MonotonicNs();
  look_took_ns_ = looked_ns_ - began_ns;
}

}  // namespace fdtrace
