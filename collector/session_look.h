// What /proc shows of a process that waits for its Welcome.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "collector/model.h"
#include "collector/session_greeter.h"
#include "collector/session_notes.h"

namespace fdtrace {

// The image of CALLER, without the descriptor of its hello. Those of KNOWN_TO_PARENT (sorted; for a forked child) come
// without their links, which are the parent's: so the fork of a process with many stays fast. Nothing: it has ended.
std::optional<Image> LookAtCaller(const Caller& caller, uint32_t serial, const std::vector<int>& known_to_parent,
                                  SessionNotes& notes);

}  // namespace fdtrace
