// What a process that waits for its Welcome is and holds: as it tells itself, or as /proc shows it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "collector/model.h"
#include "collector/procfs.h"
#include "collector/session_greeter.h"
#include "collector/session_notes.h"

namespace fdtrace {

// The image of PROCESS, VISITOR's, without the descriptor of its hello. Those of KNOWN_TO_PARENT (sorted; for a forked
// child) come without their links, which are the parent's: so the fork of a process with many stays fast. Nothing: it
// has ended. Whom it was forked from is for the caller to say.
std::optional<Image> LookAtVisitor(const Visitor& visitor, const ProcessDirectory& process, pid_t parent_pid,
                                   const std::vector<int>& known_to_parent, SessionNotes& notes);

// The same without a look, as VISITOR's image tells it itself. Nothing: it does not tell all, or it sees the processes
// or the files by other names than we do. Its parent is the one that it has itself.
std::optional<Image> ToldByVisitor(const Visitor& visitor);

// Welcome::given of an image whose descriptors are those PRESENT: what is no regular file stays what it is. UNTOLD is
// sorted: of other numbers a row may tell, once a look before the exit has found out what they are connected to.
uint64_t GivenForGood(std::span<const SeenDescriptor> present, std::span<const int> untold);

}  // namespace fdtrace
