// What the programs that a process is about to run will receive, as the Kept events before each Executing tell. Pure.
//  - One set for each ring: the latest. An exec uses the latest of all rings; a child is given one spawn's set.
//  - Lives as long as one image of the process.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "collector/opener.h"
#include "proto/event.pb.h"

namespace fdtrace {

class KeptDescriptors {
 public:
  void Keep(uint32_t ring, int fd, const Opener& opener) { rings_[ring].next[fd] = opener; }
  void Execute(uint32_t ring, uint64_t at_ns, const Executing& executing);
  void ExecFailed(uint32_t ring) { rings_[ring].latest = Announced(); }
  void Spawned(uint32_t ring, uint32_t pid);

  // A program that a ring has announced.
  struct Announced {
    bool any = false;
    bool spawns = false;
    uint64_t at_ns = 0;
    bool is_under_way = false;  // spawns, and the Spawned is still to come
    uint32_t child_pid = 0;     // of one that spawns; 0: not known, or not yet
    uint64_t test = 0;          // key of the test that its process is in; 0: none
    Openers receives;
  };
  // The program that replaces this one; null when none was announced.
  const Announced* Exec() const;

  struct Given {
    bool any = false;      // an Executing was read that may be that child's
    bool certain = false;  // it was that very child's; else these are of all that may be, the latest first
    uint64_t test = 0;     // of the latest that may be
    Openers receives;
  };
  // What a child that was spawned receives.
  Given ToChild(uint32_t pid) const;

 private:
  struct Ring {
    Openers next;  // Kept since the last Executing
    Announced latest;
  };

  absl::flat_hash_map<uint32_t, Ring> rings_;
};

}  // namespace fdtrace
