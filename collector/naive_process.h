// A process of the naive kernel.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "collector/naive_kernel.h"

namespace fdtrace::naive {

inline constexpr uint32_t kOpenFunction = 1, kCloseFunction = 2, kDup = 3, kDup2 = 4, kCloseRange = 5;
inline const std::map<uint32_t, std::string> kNames = {
    {1, "open"}, {2, "close"}, {3, "dup"}, {4, "dup2"}, {5, "close_range"}};
inline constexpr int kNumbers = 24;
inline constexpr uint32_t kStacks = 5;
inline constexpr uint32_t kRings = 3;
inline constexpr uint64_t kModule = 77;

// Does the model know of a descriptor that no event told of?
enum class Known { kNo, kOnce, kYes };  // kOnce: a look has found it, which is not believed yet

struct Slot {
  bool in_kernel = false;
  uint64_t id = 0;       // as the interposer's table has it
  Fate* fate = nullptr;  // of the descriptor this process opened here; null: not its own, and then:
  Known known = Known::kNo;
  uint32_t function = 0;  // these three: of the call that opened it, in whatever process
  uint64_t stack = 0;
  Code opener = {};
  uint32_t opener_pid = 0;  // 0: no call that was seen
};

struct Process {
  uint32_t pid = 0;
  uint32_t serial = 0;
  uint32_t first_serial = 0;
  uint32_t forked_from = 0;
  uint32_t parent_pid = 1;
  std::string executable = "/bin/root";
  bool greeted = false;
  bool untraced = false;            // runs a program that never says hello
  bool new_program = false;         // that will say hello, but has not yet
  Process* vforked_from = nullptr;  // whose memory it runs in
  bool touched = false;
  bool missed = false;  // the last look found something gone
  uint64_t salt = 0;
  uint64_t ids = 0;
  std::map<int, Slot> slots;
  std::set<uint64_t> told;  // stacks (their hashes) and functions (their numbers) already sent
  std::map<uint32_t, std::deque<Event>> rings;
};

}  // namespace fdtrace::naive
