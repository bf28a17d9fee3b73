// What fdtrace itself says, on stderr: lines that begin with its name.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

inline constexpr int kExitFailed = 125;         // fdtrace itself failed
inline constexpr int kExitNotExecutable = 126;  // as shells have it
inline constexpr int kExitNotFound = 127;

// "fdtrace: LINE".
void Say(absl::string_view line);

// Says what failed; kExitFailed, to be returned.
int Complain(const absl::Status& failure);

// Gives descriptors 0, 1 and 2 something harmless to be, where the caller closed them, so that no file of ours becomes
// our stderr. Closed again by exec: the program finds them as the caller left them.
void FillStandardDescriptors();

// Whether colours may be written to the descriptor: to a terminal that knows them, unless NO_COLOR (no-color.org) is
// set.
bool ColoursOn(int descriptor);

}  // namespace fdtrace
