// One program image of a process, from its hello to its exec or end: what its events call things by, and its rings.
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "collector/definitions.h"
#include "collector/lifetime.h"

namespace fdtrace {

class ProgramImage {
 public:
  ProgramImage(uint32_t serial, std::shared_ptr<Definitions> ancestor);

  uint32_t serial() const { return serial_; }
  Definitions& definitions() { return *definitions_; }
  std::shared_ptr<Definitions> shared_definitions() const { return definitions_; }

  // Where the code is that an event names: unresolved as long as the image has not told what function and stack mean.
  template <typename Call>
  uint32_t PlaceOf(const Call& call, Sites& sites) {
    return UseOf(call.function(), call.stack(), sites).place;
  }
  // The same where something was opened; its site knows what the function makes.
  uint32_t PlaceOfOpen(const Opened& opened, Sites& sites);

  // The descriptor that the hello itself came upon was already there when /proc was read, and so was its companion:
  // what was found at their numbers is no descriptor of its own. Asked once, of each Opened.
  bool CameUpon(const Opened& opened);
  bool told_anything = false;  // an Opened, Closed or ClosedRange was read

  // The thread that writes into a ring.
  ThreadLabel& WriterOf(uint32_t ring) { return writers_[ring]; }

  // As the image's rings count.
  void SetLost(uint64_t events, uint64_t stackless) {
    lost_ = events;
    stackless_ = stackless;
  }
  uint64_t lost() const { return lost_; }
  uint64_t stackless() const { return stackless_; }

  // No more definitions will come: what is unresolved stays without stack or name. The places where it opened
  // something are added to `opened_at`.
  void Settle(Sites& sites, absl::flat_hash_set<uint32_t>& opened_at);

 private:
  struct PlaceUse {
    uint32_t place = 0;
    bool resolved = false;
    bool opens = false;
  };

  PlaceUse& UseOf(uint32_t function, uint64_t stack, Sites& sites);
  void TryResolve(uint32_t function, uint64_t stack, PlaceUse& use, bool settle, Sites& sites);

  uint32_t serial_;
  std::shared_ptr<Definitions> definitions_;
  absl::flat_hash_map<std::pair<uint32_t, uint64_t>, PlaceUse> uses_;
  absl::flat_hash_map<uint32_t, ThreadLabel> writers_;
  int32_t first_companion_ = -1;  // made by the same call as the first descriptor
  uint64_t lost_ = 0;
  uint64_t stackless_ = 0;
};

}  // namespace fdtrace
