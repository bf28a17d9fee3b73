#include "findings/suppression_line.h"

#include "absl/strings/str_cat.h"

namespace fdtrace {

std::string SuppressionLine(absl::string_view kind, const Frames& stack) {
  const Frame* const own = OwnFrame(stack);
  if (own == nullptr || own->function().empty() || IsLibc(own->module())) return {};
  return absl::StrCat(kind, ":^", own->function(), "$");
}

}  // namespace fdtrace
