// One program image of a process, from its hello to its exec or end: what its events call things by, and its rings.
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "collector/definitions.h"
#include "collector/lifetime.h"

namespace fdtrace {

// How a descriptor came to be known by its number alone, for the running image has no id for it.
enum class Origin : uint8_t {
  kInherited,    // there before the program started
  kCopy,         // its parent's, by fork
  kSurvivor,     // a lifetime that this process began before exec
  kUnseen,       // made by no call that was seen
  kProvisional,  // found in /proc once: its event may be under way
};

struct Ring {
  ThreadLabel thread;
  int just_closed = -1;  // the number of a lifetime with an id, closed by the event read last
};

class ProgramImage {
 public:
  ProgramImage(uint32_t serial, std::shared_ptr<Definitions> ancestor);

  uint32_t serial() const { return serial_; }
  Definitions& definitions() { return *definitions_; }
  std::shared_ptr<Definitions> shared_definitions() const { return definitions_; }

  // Where code called the function: unresolved as long as the image has not told what both numbers mean.
  uint32_t PlaceOfClose(uint32_t function, uint64_t stack, Sites& sites);
  // The same where something was opened; its site knows what the function makes.
  uint32_t PlaceOfOpen(uint32_t function, uint64_t stack, Sites& sites);
  // Is it one that puts a descriptor in the place of another, closing that? Unknown as long as its name is.
  std::optional<bool> Overwrites(uint32_t function, const Sites& sites) const;

  Ring& RingOf(uint32_t number) { return rings_[number]; }

  // No more definitions will come: what is unresolved stays without stack or name. The places where it opened
  // something are added to `opened_at`.
  void Settle(Sites& sites, absl::flat_hash_set<uint32_t>& opened_at);

  bool told_anything = false;    // an Opened or Closed was read
  int32_t first_companion = -1;  // made by the same call as the first descriptor
  uint64_t lost = 0;             // as the image's rings count
  uint64_t stackless = 0;

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
  absl::flat_hash_map<uint32_t, Ring> rings_;
};

}  // namespace fdtrace
