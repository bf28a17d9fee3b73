// Whose the events of each ring of an image are: its own, or those of a child of vfork, which runs in its memory. Pure.
//
//  - A child of vfork may call vfork itself: the users of a ring are a stack.
//  - Costs nothing for the rings that the image uses alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/program.h"

namespace fdtrace {

class RingUsers {
 public:
  static constexpr uint32_t kNobody = 0;  // a child that cannot be followed: its events are dropped

  // A call of posix_spawn or the like, from its Executing to its Spawned.
  struct Spawn {
    AnnouncedProgram program;
    uint64_t began_ns = 0;
    pid_t early_child = 0;  // that said hello before the Spawned was read; 0: none
  };

  explicit RingUsers(uint32_t own) : own_(own) {}

  uint32_t Current(uint32_t ring) const {
    if (rings_.empty()) return own_;
    const auto users = rings_.find(ring);
    return users == rings_.end() ? own_ : users->second.back().serial;
  }
  void Enter(uint32_t ring, uint32_t child);
  void Leave(uint32_t ring);  // does nothing where no child is

  // By the current user of the ring.
  void BeginSpawn(uint32_t ring, AnnouncedProgram program, uint64_t at_ns);
  std::optional<Spawn> EndSpawn(uint32_t ring);

  // A spawn of the user that no child has claimed; null: none. Valid until the next change.
  Spawn* UnclaimedSpawn(uint32_t user);
  // The spawn that CHILD has claimed.
  Spawn* ClaimedBy(pid_t child);

 private:
  struct User {
    uint32_t serial;
    std::optional<Spawn> spawn;
  };
  template <typename Fits>
  Spawn* Find(Fits fits);
  void Tidy(uint32_t ring);

  const uint32_t own_;
  absl::flat_hash_map<uint32_t, std::vector<User>> rings_;  // those with more to tell than that they are our own
};

}  // namespace fdtrace
