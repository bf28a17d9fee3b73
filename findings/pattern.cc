// Between stars, the first place that fits is as good as any later one; the last piece of a pattern bound to the end is
// taken from there.
#include "findings/pattern.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fdtrace {

bool PatternMatches(absl::string_view pattern, absl::string_view name) {
  const bool from_begin = absl::ConsumePrefix(&pattern, "^");
  const bool to_end = absl::ConsumeSuffix(&pattern, "$");
  const std::vector<absl::string_view> pieces = absl::StrSplit(pattern, '*');
  for (size_t i = 0; i < pieces.size(); ++i) {
    const absl::string_view piece = pieces[i];
    const bool bound_to_end = to_end && i + 1 == pieces.size();
    if (i == 0 && from_begin) {
      if (!absl::ConsumePrefix(&name, piece)) return false;
      if (bound_to_end && !name.empty()) return false;
    } else if (bound_to_end) {
      return absl::EndsWith(name, piece);
    } else {
      const size_t at = name.find(piece);
      if (at == name.npos) return false;
      name.remove_prefix(at + piece.size());
    }
  }
  return true;
}

}  // namespace fdtrace
