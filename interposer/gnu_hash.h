// The hash of a name in the table of an object's symbols (DT_GNU_HASH).
#pragma once

#include <cstdint>

namespace fdtrace {

constexpr uint32_t GnuHashOf(const char* name) {
  uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

}  // namespace fdtrace
