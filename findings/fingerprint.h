// What tells a place in the code from another, and survives what does not change the place: lines that move, other
// addresses, another build directory, functions renamed that are not in the stack. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "viewer/frames.h"

namespace fdtrace {

// 16 hexadecimal digits of KIND, CALL and, of each frame, the function, the file without its directories, and the
// module without its directories and version. A function that calls itself counts once, however deep. DETAIL tells rows
// apart that have no stack.
std::string Fingerprint(absl::string_view kind, absl::string_view call, const Frames& stack, absl::string_view detail);

}  // namespace fdtrace
