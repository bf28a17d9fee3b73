// Lines that name where in the code something was done. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "viewer/frames.h"

namespace fdtrace {

struct LabelledPlace {
  absl::string_view label;
  size_t label_width = 0;
  const Frames& stack;
  const std::string& call;
  std::string afterwards = "";
};

// "opened at    config.cc:42  load_config  (fopen)", and in full the whole stack below, a frame to a line.
std::vector<std::string> PlaceLines(const LabelledPlace& place, bool full);

}  // namespace fdtrace
