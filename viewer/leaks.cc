// Groups sites by what a reader sees of them, then ranks the groups.
#include "viewer/leaks.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/session.h"
#include "viewer/count.h"
#include "viewer/pinned.h"
#include "viewer/places.h"
#include "viewer/printable.h"
#include "viewer/tests.h"
#include "viewer/thread_name.h"
#include "viewer/verdict.h"

namespace fdtrace {
namespace {

using Descriptors = std::vector<const TraceDescriptor*>;
using SitesByIndex = absl::flat_hash_map<uint32_t, const TraceSite*>;

// Sites that are one to a reader.
struct Group {
  std::vector<const TraceSite*> sites;
  Descriptors descriptors;
};

// What most of the descriptors are to the kernel; else what the function is known to make.
Resource ResourceOf(const Group& group) {
  std::map<Resource, int> seen;
  for (const TraceDescriptor* descriptor : group.descriptors) {
    if (descriptor->resource() != RESOURCE_UNKNOWN) ++seen[descriptor->resource()];
  }
  if (seen.empty()) return group.sites.front()->resource();
  return std::max_element(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

void AddDescriptors(Descriptors descriptors, const absl::flat_hash_map<uint32_t, uint32_t>& pids, const Tests& tests,
                    LeakSite& leak) {
  std::sort(descriptors.begin(), descriptors.end(), [](const TraceDescriptor* a, const TraceDescriptor* b) {
    return std::make_tuple(a->opened_ns(), a->process(), a->fd()) <
           std::make_tuple(b->opened_ns(), b->process(), b->fd());
  });
  for (const TraceDescriptor* descriptor : descriptors) {
    Descriptor& shown = *leak.add_descriptors();
    if (const auto pid = pids.find(descriptor->process()); pid != pids.end()) shown.set_pid(pid->second);
    shown.set_fd(descriptor->fd());
    shown.set_path(ShownPath(*descriptor));
    shown.set_opened_ns(static_cast<int64_t>(descriptor->opened_ns()));
    shown.set_thread(ThreadName(descriptor->thread(), descriptor->tid()));
    shown.set_test(std::string(tests.NameOf(*descriptor)));
  }
}

void AddClosedAt(const Group& group, ShownStacks& stacks, LeakSite& leak) {
  Places closers(stacks);
  for (const TraceSite* site : group.sites) {
    for (const TraceClosedAt& closed_at : site->closed_at()) {
      closers.Add(closed_at.function(), closed_at.stack(), closed_at.count());
    }
  }
  ShowMostFrequentFirst(closers, stacks, *leak.mutable_usually_closed_at());
}

void AddFirstOpenedAt(const Group& group, const SitesByIndex& sites, ShownStacks& stacks, LeakSite& leak) {
  Places openers(stacks);
  for (const TraceDescriptor* descriptor : group.descriptors) {
    const auto site = sites.find(descriptor->first_site());
    if (site != sites.end()) openers.Add(site->second->function(), site->second->stack(), 1);
  }
  ShowMostFrequentFirst(openers, stacks, *leak.mutable_first_opened_at());
}

// Of a row of several sites the sum at no moment is known, for their windows are not the same. Times of threads are
// read in any order, those of the curve are in order: a point at the time of one before it is a later operation.
void AddCurve(const Group& group, LeakSite& leak) {
  if (group.sites.size() != 1) return;
  const TraceShape& shape = group.sites.front()->shape();
  // Of an older version, or damaged.
  if (shape.ended_ns_size() != shape.low_size() || shape.ended_ns_size() != shape.high_size()) return;
  uint64_t at_ns = 0;
  for (int i = 0; i < shape.ended_ns_size(); ++i) {
    at_ns = std::max(at_ns, shape.ended_ns(i));
    CurvePoint& point = *leak.add_curve();
    point.set_at_ns(Signed(at_ns));
    point.set_low(shape.low(i));
    point.set_high(shape.high(i));
  }
}

// Everything but the lists, which cost memory and only leaks need.
LeakSite Totals(const Group& group) {
  uint64_t opened = 0;
  uint64_t closed = 0;
  uint64_t still_open = 0;
  uint64_t peak = 0;
  uint64_t first_ns = std::numeric_limits<uint64_t>::max();
  uint64_t last_ns = 0;
  LeakSite leak;
  for (const TraceSite* site : group.sites) {
    opened += site->opened();
    closed += site->closed();
    still_open += site->still_open();
    peak = std::max(peak, site->peak_open());
    first_ns = std::min(first_ns, site->first_opened_ns());
    last_ns = std::max(last_ns, site->last_opened_ns());
    leak.set_verdict(Worse(leak.verdict(), VerdictOf(*site)));
  }
  if (still_open > 1) leak.set_verdict(Worse(leak.verdict(), LeakSite::HELD));
  leak.set_opened(Count(opened));
  leak.set_closed(Count(closed));
  leak.set_still_open(Count(still_open));
  leak.set_peak_open(Count(group.sites.size() > 1 ? std::max(peak, still_open) : peak));
  leak.set_first_opened_ns(static_cast<int64_t>(first_ns));
  leak.set_last_opened_ns(static_cast<int64_t>(last_ns));
  leak.set_resource(ResourceName(ResourceOf(group)));
  leak.set_call(Printable(group.sites.front()->function()));
  return leak;
}

std::map<CallAndStack, Group> GroupSites(const Trace& trace, ShownStacks& stacks) {
  std::map<CallAndStack, Group> groups;
  absl::flat_hash_map<uint32_t, Group*> by_site;
  for (const TraceSite& site : trace.sites) {
    Group& group = groups[{site.function(), stacks.Get(site.stack()).key}];
    group.sites.push_back(&site);
    by_site[site.index()] = &group;
  }
  for (const TraceDescriptor& descriptor : trace.descriptors) {
    if (descriptor.inherited()) continue;
    const auto group = by_site.find(descriptor.site());
    if (group != by_site.end()) group->second->descriptors.push_back(&descriptor);
  }
  return groups;
}

}  // namespace

google::protobuf::RepeatedPtrField<LeakSite> LeaksOf(const Trace& trace, ShownStacks& stacks) {
  absl::flat_hash_map<uint32_t, uint32_t> pids;
  for (const TraceProcess& process : trace.processes) pids[process.serial()] = process.pid();
  const Tests tests(trace);
  SitesByIndex sites;
  for (const TraceSite& site : trace.sites) sites[site.index()] = &site;
  const std::map<CallAndStack, uint64_t> pinned = PinnedBytesByPlace(trace, stacks);
  google::protobuf::RepeatedPtrField<LeakSite> leaks;
  for (const auto& [call_and_stack, group] : GroupSites(trace, stacks)) {
    LeakSite leak = Totals(group);
    if (leak.still_open() == 0) continue;
    *leak.mutable_stack() = stacks.FramesOf(group.sites.front()->stack());
    if (const auto bytes = pinned.find(call_and_stack); bytes != pinned.end()) {
      leak.set_pinned_bytes(Signed(bytes->second));
    }
    leak.set_advice(stacks.AdviceOf(group.sites.front()->stack()));
    AddCurve(group, leak);
    AddClosedAt(group, stacks, leak);
    AddFirstOpenedAt(group, sites, stacks, leak);
    AddDescriptors(group.descriptors, pids, tests, leak);
    *leaks.Add() = std::move(leak);
  }
  std::stable_sort(leaks.begin(), leaks.end(), RanksBefore);
  return leaks;
}

bool RanksBefore(const LeakSite& a, const LeakSite& b) {
  if (a.verdict() != b.verdict()) return Worse(a.verdict(), b.verdict()) == a.verdict();
  if (a.still_open() != b.still_open()) return a.still_open() > b.still_open();
  return a.first_opened_ns() < b.first_opened_ns();
}

std::string ResourceName(Resource resource) {
  if (resource == RESOURCE_UNKNOWN || !Resource_IsValid(resource)) return "unknown";
  return absl::StrReplaceAll(absl::AsciiStrToLower(Resource_Name(resource)), {{"_", " "}});
}

std::string ShownPath(const TraceDescriptor& descriptor) {
  if (!descriptor.description().empty()) return Printable(descriptor.description());
  if (!descriptor.link().empty()) return Printable(descriptor.link());
  if (descriptor.path_argument().empty()) return {};
  const bool is_whole = descriptor.path_argument().size() < kMaxPathBytes;
  return absl::StrCat(Printable(descriptor.path_argument()),
                      is_whole ? " (as passed to the call)" : "… (its beginning, as passed to the call)");
}

}  // namespace fdtrace
