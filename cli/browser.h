// Shows a file in the user's browser.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fdtrace {

// By xdg-open, which knows which browser that is; returns at once, and the browser outlives this process. Fails where
// xdg-open is missing, as it is on machines without a desktop.
absl::Status OpenInBrowser(const std::string& file);

}  // namespace fdtrace
