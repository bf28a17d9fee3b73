// What the readers of a report must know about a recording, in sentences. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fdtrace {

// Programs without our library in them, after which their process ran one with it, so that nothing else tells of them.
struct UntracedTally {
  uint64_t count = 0;
  uint64_t first_ns = UINT64_MAX;
  uint32_t first_pid = 0;
  std::string first_reason;

  void Add(uint64_t at_ns, uint32_t pid, const std::string& reason);
};

struct Shortcomings {
  uint64_t lost = 0;                 // events
  uint64_t closes_without_open = 0;  // of these: openings whose close was seen
  uint64_t senseless = 0;            // of these: events that arrived but made no sense
  uint64_t stacks_lost = 0;
  uint64_t alive = 0;     // processes, when recording ended
  uint64_t vanished = 0;  // processes
  UntracedTally untraced_between;
  uint64_t without_hello = 0;        // processes whose seccomp filter keeps their children from saying hello
  uint64_t without_stacks = 0;       // processes whose seccomp filter keeps them from taking stacks
  uint64_t files_not_looked_at = 0;  // made by the program, too many to be known one by one
};

// Each without its full stop.
std::vector<std::string> NotesOf(const Shortcomings& shortcomings);

}  // namespace fdtrace
