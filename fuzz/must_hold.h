// What is at odds with itself ends a fuzzer, as a crash does.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace fdtrace {

inline void MustHold(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

}  // namespace fdtrace
