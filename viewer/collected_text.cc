#include "viewer/collected_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kColumnWidth = 60;

struct Line {
  std::string count, opener, closer;
};

std::string Place(const Frames& stack, const std::string& call) {
  const SiteName name = NameOf(stack, call);
  const Frame* const own = OwnFrame(stack);
  const std::string place = own != nullptr && !name.place.empty() ? FullPlace(*own) : name.place;
  return absl::StrCat(place, place.empty() ? "" : "  ", name.function);
}

}  // namespace

std::string CollectedInShort(const Report& report) {
  uint64_t count = 0;
  for (const Collected& row : report.collected()) count += row.count();
  if (count == 0) return "";
  return absl::StrCat(Counted(count, "descriptor"), " that Python closed only because ",
                      count == 1 ? "its object was" : "their objects were", " freed: nobody called close()");
}

std::vector<std::string> CollectedLines(const Report& report) {
  std::vector<Line> lines;
  std::vector<std::string> counts, openers;
  for (const Collected& row : report.collected()) {
    const std::string closer = row.closed_at().empty() ? "" : Place(row.closed_at(0).stack(), row.closed_at(0).call());
    lines.push_back({absl::StrCat(WithThousands(row.count()), " of ", WithThousands(row.opened())),
                     Place(row.stack(), row.call()), closer});
    counts.push_back(lines.back().count);
    openers.push_back(lines.back().opener);
  }
  const size_t count_width = WidestUpTo(counts, kColumnWidth);
  const size_t opener_width = WidestUpTo(openers, kColumnWidth);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) {
    texts.push_back(absl::StrCat("  ", PadLeft(line.count, count_width), "  opened at ",
                                 PadRight(line.opener, opener_width), "  freed at ", line.closer));
  }
  return texts;
}

}  // namespace fdtrace
