// The HTML report without its data, as viewer/page makes it.
#pragma once

#include "absl/strings/string_view.h"

namespace fdtrace {

// Where the data belongs; stands in the page once.
inline constexpr absl::string_view kDataMark = "@REPORT@";

// Empty in a build without the page.
absl::string_view PageTemplate();

}  // namespace fdtrace
