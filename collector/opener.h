// Who opened a descriptor that another program holds now. Pure.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"

namespace fdtrace {

struct Opener {
  uint32_t place = 0;  // of the call, as Sites numbers them; 0: not known
  uint32_t pid = 0;    // of the process that made the call; 0: not known
  // The image that holds it has an id for it: where it keeps it over an exec, a Kept tells.
  bool has_id = false;
};

using Openers = absl::flat_hash_map<int, Opener>;  // by the descriptor's number

}  // namespace fdtrace
