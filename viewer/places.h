// Code that did one thing, counted by what a reader sees of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/repeated_ptr_field.h"
#include "proto/trace.pb.h"
#include "viewer/count.h"
#include "viewer/shown_stacks.h"

namespace fdtrace {

// A function's name and a ShownStack.key. Equal for what looks the same to a reader.
using CallAndStack = std::pair<std::string, std::string>;

// The key of a place of the trace.
CallAndStack KeyOf(const TracePlace& place, ShownStacks& stacks);

// Counts what looks the same to a reader together.
class Places {
 public:
  struct Place {
    std::string call;  // printable
    uint32_t stack = 0;
    uint64_t count = 0;
  };

  explicit Places(ShownStacks& stacks) : stacks_(stacks) {}

  void Add(const std::string& call, uint32_t stack, uint64_t count);
  void Add(const TracePlace& place) { Add(place.function(), place.stack(), place.count()); }

  // The stack is one of those that look the same.
  std::vector<Place> MostFrequentFirst() const;

 private:
  ShownStacks& stacks_;
  std::map<CallAndStack, std::pair<uint64_t, uint32_t>> places_;  // to their count and one of the stacks
};

// PLACE is a ClosedAt or an OpenedAt.
template <typename Place>
void ShowMostFrequentFirst(const Places& places, ShownStacks& stacks,
                           google::protobuf::RepeatedPtrField<Place>& shown) {
  for (const Places::Place& place : places.MostFrequentFirst()) {
    Place& added = *shown.Add();
    added.set_call(place.call);
    added.set_count(Count(place.count));
    *added.mutable_stack() = stacks.FramesOf(place.stack);
    if constexpr (requires { added.set_collected(true); }) added.set_collected(stacks.Get(place.stack).collected);
  }
}

}  // namespace fdtrace
