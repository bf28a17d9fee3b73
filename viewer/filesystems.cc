// Windows of a file system may be longer or shorter than those asked for: each counts wherever it overlaps.
#include "viewer/filesystems.h"

#include <algorithm>
#include <limits>

#include "viewer/count.h"
#include "viewer/places.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

// A damaged trace shall not ask for all memory there is.
constexpr uint64_t kMostWindows = 1 << 16;

// As many as the trace has: a window of length 0, or beyond all time, is damage.
void AddTimeline(const TraceFilesystem& filesystem, PinnedFilesystem& shown) {
  const uint64_t own_ns = filesystem.window_ns();
  if (own_ns == 0) return;
  for (uint64_t i = 0; i < static_cast<uint64_t>(filesystem.pinned_bytes_size()); ++i) {
    if (i > std::numeric_limits<int64_t>::max() / own_ns) return;
    PinnedPoint& point = *shown.add_timeline();
    point.set_at_ns(Signed(i * own_ns));
    point.set_bytes(Signed(filesystem.pinned_bytes(static_cast<int>(i))));
  }
}

PinnedFilesystem Shown(const TraceFilesystem& filesystem, ShownStacks& stacks) {
  PinnedFilesystem shown;
  shown.set_mount(Printable(filesystem.mount()));
  shown.set_type(Printable(filesystem.type()));
  shown.set_peak_bytes(Signed(filesystem.peak_bytes()));
  shown.set_peak_ns(Signed(filesystem.peak_ns()));
  Places holders(stacks);
  for (const TracePlace& place : filesystem.peak_opened_at()) holders.Add(place);
  for (const Places::Place& place : holders.MostFrequentFirst()) {
    PinnedSite& site = *shown.add_peak_sites();
    site.set_bytes(Signed(place.count));
    site.set_call(place.call);
    *site.mutable_stack() = stacks.FramesOf(place.stack);
  }
  AddTimeline(filesystem, shown);
  return shown;
}

// The most that the file system had in each window, put into MOST where that is less.
void AddWindows(const TraceFilesystem& filesystem, uint64_t window_ns, std::vector<uint64_t>& most) {
  const uint64_t own_ns = filesystem.window_ns();
  for (uint64_t i = 0; i < static_cast<uint64_t>(filesystem.pinned_bytes_size()); ++i) {
    const uint64_t bytes = filesystem.pinned_bytes(static_cast<int>(i));
    if (bytes == 0) continue;
    if (own_ns > std::numeric_limits<uint64_t>::max() / (i + 1)) return;
    const uint64_t last = std::min(((i + 1) * own_ns - 1) / window_ns, kMostWindows - 1);
    if (most.size() <= last) most.resize(last + 1);
    for (uint64_t at = i * own_ns / window_ns; at <= last; ++at) most[at] = std::max(most[at], bytes);
  }
}

}  // namespace

google::protobuf::RepeatedPtrField<PinnedFilesystem> PinnedFilesystemsOf(const Trace& trace, ShownStacks& stacks) {
  google::protobuf::RepeatedPtrField<PinnedFilesystem> filesystems;
  for (const TraceFilesystem& filesystem : trace.filesystems) {
    if (filesystem.peak_bytes() > 0) *filesystems.Add() = Shown(filesystem, stacks);
  }
  std::stable_sort(filesystems.begin(), filesystems.end(), [](const PinnedFilesystem& a, const PinnedFilesystem& b) {
    return a.peak_bytes() > b.peak_bytes();
  });
  return filesystems;
}

std::vector<uint64_t> PinnedOverTime(const Trace& trace, uint64_t window_ns) {
  std::vector<uint64_t> sum;
  if (window_ns == 0) return sum;
  for (const TraceFilesystem& filesystem : trace.filesystems) {
    if (filesystem.window_ns() == 0) continue;
    std::vector<uint64_t> most;
    AddWindows(filesystem, window_ns, most);
    if (sum.size() < most.size()) sum.resize(most.size());
    for (size_t i = 0; i < most.size(); ++i) sum[i] += most[i];
  }
  return sum;
}

}  // namespace fdtrace
