// Groups by what a reader sees, as leaks.cc does.
#include "viewer/inherited.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "viewer/count.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

// From the caller; the program's path; the function's name and the ShownStack.key of the opener.
using Row = std::tuple<bool, std::string, std::string, std::string>;

struct Received {
  const TraceInherited* first = nullptr;
  uint32_t stack = 0;
  uint64_t count = 0;
  std::set<int32_t> fds;
};

Inherited Shown(const Row& row, const Received& received, const TraceProcess* receiver, ShownStacks& stacks) {
  Inherited shown;
  shown.set_from_caller(std::get<0>(row));
  shown.set_executable(Printable(std::get<1>(row)));
  shown.set_call(Printable(std::get<2>(row)));
  shown.set_parent_pid(received.first->opener_pid());
  if (receiver != nullptr) {
    shown.set_child_pid(receiver->pid());
    if (shown.from_caller()) shown.set_parent_pid(receiver->parent_pid());
  }
  shown.set_count(Count(received.count));
  if (!shown.from_caller()) *shown.mutable_stack() = stacks.FramesOf(received.stack);
  shown.mutable_fds()->Add(received.fds.begin(), received.fds.end());
  return shown;
}

std::map<Row, Received> GroupRecords(const Trace& trace, ShownStacks& stacks) {
  absl::flat_hash_map<uint32_t, const TraceSite*> sites;
  for (const TraceSite& site : trace.sites) sites[site.index()] = &site;
  std::map<Row, Received> rows;
  for (const TraceInherited& record : trace.inherited) {
    const auto found = sites.find(record.site());
    const TraceSite* const site = found == sites.end() ? nullptr : found->second;  // in a damaged trace
    const uint32_t stack = site == nullptr ? 0 : site->stack();
    Received& row = rows[{record.site() == 0, record.executable(), site == nullptr ? std::string() : site->function(),
                          stacks.Get(stack).key}];
    if (row.first == nullptr) {
      row.first = &record;
      row.stack = stack;
    }
    row.count += record.count();
    row.fds.insert(record.fds().begin(), record.fds().end());
  }
  return rows;
}

}  // namespace

google::protobuf::RepeatedPtrField<Inherited> InheritedOf(const Trace& trace, ShownStacks& stacks) {
  absl::flat_hash_map<uint32_t, const TraceProcess*> processes;
  for (const TraceProcess& process : trace.processes) processes[process.serial()] = &process;
  google::protobuf::RepeatedPtrField<Inherited> inherited;
  for (const auto& [row, received] : GroupRecords(trace, stacks)) {
    const auto receiver = processes.find(received.first->process());
    *inherited.Add() = Shown(row, received, receiver == processes.end() ? nullptr : receiver->second, stacks);
  }
  std::stable_sort(inherited.begin(), inherited.end(), [](const Inherited& a, const Inherited& b) {
    return a.from_caller() != b.from_caller() ? b.from_caller() : a.count() > b.count();
  });
  return inherited;
}

}  // namespace fdtrace
