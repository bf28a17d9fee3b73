// Columns of text that line up.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fdtrace {

// Characters of UTF-8 text, each taken for one column of a terminal.
size_t Width(absl::string_view text);

// `text` with spaces up to `width`; longer text stays whole.
std::string PadRight(absl::string_view text, size_t width);
std::string PadLeft(absl::string_view text, size_t width);

// At most `width` characters of `text`, the last of them "…" if any were cut.
std::string CutTo(absl::string_view text, size_t width);

// The widest of the texts, but no more than `most`: a single long one shall not push all the others away.
size_t WidestUpTo(const std::vector<std::string>& texts, size_t most);

}  // namespace fdtrace
