#include "viewer/collected.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "viewer/count.h"
#include "viewer/leaks.h"
#include "viewer/places.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

// Sites that are one to a reader.
struct Group {
  explicit Group(ShownStacks& stacks) : closers(stacks) {}
  const TraceSite* example = nullptr;
  uint64_t opened = 0;
  uint64_t collected = 0;
  Places closers;
};

void Add(const TraceSite& site, ShownStacks& stacks, Group& group) {
  group.example = &site;
  group.opened += site.opened();
  for (const TraceClosedAt& closed_at : site.closed_at()) {
    if (!stacks.Get(closed_at.stack()).collected) continue;
    group.collected += closed_at.count();
    group.closers.Add(closed_at.function(), closed_at.stack(), closed_at.count());
  }
}

bool AnyCollected(const Trace& trace, ShownStacks& stacks) {
  return std::any_of(trace.sites.begin(), trace.sites.end(), [&](const TraceSite& site) {
    return std::any_of(site.closed_at().begin(), site.closed_at().end(),
                       [&](const TraceClosedAt& closed_at) { return stacks.Get(closed_at.stack()).collected; });
  });
}

}  // namespace

google::protobuf::RepeatedPtrField<Collected> CollectedOf(const Trace& trace, ShownStacks& stacks) {
  if (!AnyCollected(trace, stacks)) return {};  // as where there is no Python
  std::map<CallAndStack, Group> groups;
  for (const TraceSite& site : trace.sites) {
    Add(site, stacks, groups.try_emplace({site.function(), stacks.Get(site.stack()).key}, stacks).first->second);
  }
  google::protobuf::RepeatedPtrField<Collected> rows;
  for (const auto& [call_and_stack, group] : groups) {
    if (group.collected == 0) continue;
    Collected& row = *rows.Add();
    row.set_count(Count(group.collected));
    row.set_opened(Count(group.opened));
    row.set_resource(ResourceName(group.example->resource()));
    row.set_call(Printable(group.example->function()));
    *row.mutable_stack() = stacks.FramesOf(group.example->stack());
    ShowMostFrequentFirst(group.closers, stacks, *row.mutable_closed_at());
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count() > b.count(); });
  return rows;
}

}  // namespace fdtrace
