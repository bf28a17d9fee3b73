#include "viewer/leftovers.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "viewer/count.h"
#include "viewer/places.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

Leftover Shown(const TraceLeftover& left, ShownStacks& stacks) {
  Leftover shown;
  shown.set_directory(Printable(left.directory()));
  shown.set_pattern(Printable(left.pattern()));
  shown.set_files(Count(left.files()));
  shown.set_bytes(Signed(left.bytes()));
  shown.set_apparent_bytes(Signed(left.apparent_bytes()));
  shown.set_temporary(left.is_temporary());
  Places makers(stacks);
  for (const TracePlace& place : left.created_at()) makers.Add(place);
  if (const std::vector<Places::Place> sorted = makers.MostFrequentFirst(); !sorted.empty()) {
    shown.set_call(sorted.front().call);
    *shown.mutable_created_at() = stacks.FramesOf(sorted.front().stack);
  }
  return shown;
}

}  // namespace

google::protobuf::RepeatedPtrField<Leftover> LeftoversOf(const Trace& trace, ShownStacks& stacks) {
  google::protobuf::RepeatedPtrField<Leftover> leftovers;
  for (const TraceLeftover& left : trace.leftovers) *leftovers.Add() = Shown(left, stacks);
  std::stable_sort(leftovers.begin(), leftovers.end(), [](const Leftover& a, const Leftover& b) {
    return std::make_tuple(!a.temporary(), -a.bytes(), -int64_t{a.files()}) <
           std::make_tuple(!b.temporary(), -b.bytes(), -int64_t{b.files()});
  });
  return leftovers;
}

}  // namespace fdtrace
