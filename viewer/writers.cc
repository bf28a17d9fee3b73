#include "viewer/writers.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

#include "viewer/count.h"
#include "viewer/places.h"
#include "viewer/printable.h"

namespace fdtrace {
namespace {

struct Sum {
  uint64_t bytes = 0;
  uint64_t files = 0;
  bool at_least = false;
  const TraceGrowth* most = nullptr;
};

Writer Shown(const Sum& sum, ShownStacks& stacks) {
  Writer shown;
  shown.set_path(Printable(sum.most->path()));
  shown.set_nameless(sum.most->nameless());
  shown.set_at_least(sum.at_least);
  shown.set_files(Count(sum.files));
  shown.set_bytes(Signed(sum.bytes));
  shown.set_call(Printable(sum.most->opened_at().function()));
  *shown.mutable_stack() = stacks.FramesOf(sum.most->opened_at().stack());
  return shown;
}

}  // namespace

google::protobuf::RepeatedPtrField<Writer> WritersOf(const Trace& trace, ShownStacks& stacks) {
  std::map<CallAndStack, Sum> sums;
  for (const TraceGrowth& growth : trace.growths) {
    Sum& sum = sums[KeyOf(growth.opened_at(), stacks)];
    sum.bytes += growth.bytes();
    sum.files += growth.files();
    sum.at_least |= growth.at_least();
    if (sum.most == nullptr || growth.bytes() > sum.most->bytes()) sum.most = &growth;
  }
  google::protobuf::RepeatedPtrField<Writer> writers;
  for (const auto& [call_and_stack, sum] : sums) *writers.Add() = Shown(sum, stacks);
  std::stable_sort(writers.begin(), writers.end(), [](const Writer& a, const Writer& b) {
    return std::make_tuple(-a.bytes(), -int64_t{a.files()}) < std::make_tuple(-b.bytes(), -int64_t{b.files()});
  });
  return writers;
}

}  // namespace fdtrace
