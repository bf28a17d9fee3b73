// Makes bytes from the traced program fit for a report: valid UTF-8 without control characters, so that JSON stays
// valid and a terminal does as it is told by us alone.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace fdtrace {

// Each byte that is part of no valid UTF-8 character, of a control character (C0, DEL, C1), or of one that reorders
// text (bidirectional controls), becomes \xNN. All else, backslashes too, stays as it is; so printing twice changes
// nothing.
std::string Printable(absl::string_view bytes);

}  // namespace fdtrace
