// A thread as people are told of it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "viewer/printable.h"

namespace fdtrace {

// "worker (4711)", or what there is of the two; NAME may have any bytes, TID 0 is not known.
inline std::string ThreadName(absl::string_view name, uint32_t tid) {
  std::string printable = Printable(name);
  if (tid == 0) return printable;
  return printable.empty() ? absl::StrCat(tid) : absl::StrCat(printable, " (", tid, ")");
}

}  // namespace fdtrace
