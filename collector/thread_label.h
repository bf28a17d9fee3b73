// The name and number of a thread. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "proto/session.h"

namespace fdtrace {

struct ThreadLabel {
  uint32_t tid = 0;  // as its process sees it; 0: not known
  std::array<char, kMaxThreadNameBytes + 1> name = {};
};

}  // namespace fdtrace
