#include "viewer/suppression.h"

#include "absl/strings/str_cat.h"

namespace fdtrace {

std::string SuppressionFor(const Frames& stack) {
  const Frame* const own = OwnFrame(stack);
  if (own == nullptr || own->function().empty() || IsLibc(own->module())) return {};
  return absl::StrCat("leak:", own->function());
}

}  // namespace fdtrace
