// Groups by what a reader sees, as leaks.cc does.
#include "viewer/bad_closes.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "viewer/count.h"
#include "viewer/places.h"
#include "viewer/printable.h"
#include "viewer/thread_name.h"

namespace fdtrace {
namespace {

struct Group {
  const TraceBadClose* first = nullptr;
  uint64_t count = 0;
};

using Groups = std::map<std::tuple<TraceBadClose::Kind, CallAndStack, CallAndStack>, Group>;

BadClose::Kind Shown(TraceBadClose::Kind kind) {
  switch (kind) {
    case TraceBadClose::DOUBLE_CLOSE:
      return BadClose::DOUBLE_CLOSE;
    case TraceBadClose::NEVER_OPENED:
      return BadClose::NEVER_OPENED;
    case TraceBadClose::STREAM_CLOSED_TWICE:
      return BadClose::STREAM_CLOSED_TWICE;
    case TraceBadClose::CLOSED_BENEATH_STREAM:
      return BadClose::CLOSED_BENEATH_STREAM;
    case TraceBadClose::REUSED:
      return BadClose::REUSED;
    case TraceBadClose::USE_AFTER_CLOSE:
      return BadClose::USE_AFTER_CLOSE;
    default:
      return BadClose::BAD_CLOSE_UNKNOWN;  // of a later version
  }
}

const char* AdviceOn(BadClose::Kind kind) {
  switch (kind) {
    case BadClose::DOUBLE_CLOSE:
      return "let one owner close it, and set the variable to -1 after closing: by the second close the number may be "
             "another's";
    case BadClose::REUSED:
      return "it was closed by a thread that had closed that number before: there, set the variable to -1 after "
             "closing";
    case BadClose::STREAM_CLOSED_TWICE:
      return "set the pointer to NULL after closing: to close a stream again frees its memory twice";
    case BadClose::CLOSED_BENEATH_STREAM:
      return "close the stream alone: that closes its descriptor, and writes what is buffered before";
    case BadClose::USE_AFTER_CLOSE:
      return "close it after its last use, and set the variable to -1 then: the number may become another's";
    case BadClose::NEVER_OPENED:
      return "no call that fdtrace saw had opened that number: check the result of the call that opens";
    default:
      return "";
  }
}

int RankOf(BadClose::Kind kind) {
  switch (kind) {
    case BadClose::NEVER_OPENED:
      return 2;
    case BadClose::USE_AFTER_CLOSE:
    case BadClose::BAD_CLOSE_UNKNOWN:
      return 1;
    default:
      return 0;
  }
}

BadClose ShownRow(const Group& group, uint32_t pid, ShownStacks& stacks) {
  const TraceBadClose& first = *group.first;
  BadClose row;
  row.set_kind(Shown(first.kind()));
  row.set_fd(first.fd());
  row.set_count(Count(group.count));
  *row.mutable_stack() = stacks.FramesOf(first.at().stack());
  *row.mutable_previously_closed_at() = stacks.FramesOf(first.previously_closed_at().stack());
  *row.mutable_originally_opened_at() = stacks.FramesOf(first.originally_opened_at().stack());
  row.set_call(Printable(first.at().function()));
  row.set_previous_call(Printable(first.previously_closed_at().function()));
  row.set_open_call(Printable(first.originally_opened_at().function()));
  row.set_pid(pid);
  row.set_first_ns(Signed(first.first_ns()));
  row.set_thread(ThreadName(first.thread(), first.tid()));
  row.set_previous_thread(ThreadName(first.previous_thread(), first.previous_tid()));
  row.set_advice(AdviceOn(row.kind()));
  return row;
}

}  // namespace

google::protobuf::RepeatedPtrField<BadClose> BadClosesOf(const Trace& trace, ShownStacks& stacks) {
  absl::flat_hash_map<uint32_t, uint32_t> pids;
  for (const TraceProcess& process : trace.processes) pids[process.serial()] = process.pid();
  Groups groups;
  for (const TraceBadClose& close : trace.bad_closes) {
    Group& group = groups[{close.kind(), KeyOf(close.at(), stacks), KeyOf(close.previously_closed_at(), stacks)}];
    if (group.first == nullptr || close.first_ns() < group.first->first_ns()) group.first = &close;
    group.count += close.at().count();
  }
  google::protobuf::RepeatedPtrField<BadClose> rows;
  for (const auto& [key, group] : groups) *rows.Add() = ShownRow(group, pids[group.first->process()], stacks);
  std::stable_sort(rows.begin(), rows.end(), [](const BadClose& a, const BadClose& b) {
    return std::tuple(RankOf(a.kind()), b.count(), a.first_ns()) <
           std::tuple(RankOf(b.kind()), a.count(), b.first_ns());
  });
  return rows;
}

}  // namespace fdtrace
