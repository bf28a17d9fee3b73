#include "viewer/place_lines.h"

#include "absl/strings/str_cat.h"
#include "viewer/table.h"

namespace fdtrace {
namespace {

constexpr size_t kPlaceWidth = 80;

}  // namespace

std::vector<std::string> PlaceLines(const LabelledPlace& place, bool full) {
  const auto place_of = [&](const Frame& frame) { return full ? FullPlace(frame) : ShortPlace(frame); };
  const std::string label = PadRight(place.label, place.label_width);
  const Frame* const own = OwnFrame(place.stack);
  if (own == nullptr) {
    const std::string by = place.call.empty() ? "" : absl::StrCat(", by ", place.call, place.afterwards);
    return {absl::StrCat(label, "an unknown place", by)};
  }
  const std::string function = ShortFunction(own->function());
  std::vector<std::string> lines = {absl::StrCat(label, place_of(*own), function.empty() ? "" : "  ", function, "  (",
                                                 place.call, ")", place.afterwards)};
  if (!full || place.stack.size() < 2) return lines;
  std::vector<std::string> places;
  for (const Frame& frame : place.stack) places.push_back(place_of(frame));
  const size_t width = WidestUpTo(places, kPlaceWidth);
  for (int i = 0; i < place.stack.size(); ++i) {
    lines.push_back(absl::StrCat(PadRight("", place.label_width), "  ", PadRight(places[i], width), "  ",
                                 place.stack[i].function()));
  }
  return lines;
}

}  // namespace fdtrace
