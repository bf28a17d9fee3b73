// The patterns of LeakSanitizer's suppressions: a text that occurs anywhere in a name; "*" stands for anything, "^" at
// the beginning and "$" at the end bind it to the name's ends. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace fdtrace {

bool PatternMatches(absl::string_view pattern, absl::string_view name);

}  // namespace fdtrace
