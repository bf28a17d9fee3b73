#include "viewer/tests_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummaryTests = 10;
constexpr size_t kNameWidth = 60;
constexpr size_t kColumnWidth = 40;

// Those that left descriptors open come first.
size_t CountLeaking(const Report& report) {
  return static_cast<size_t>(std::count_if(report.tests().begin(), report.tests().end(),
                                           [](const Test& test) { return test.still_open() > 0; }));
}

struct Line {
  std::string test, count, function, place;
};

void AddLines(const Report& report, const Test& test, bool full, std::vector<Line>& lines) {
  Line line = {.test = full ? test.name() : CutTo(test.name(), kNameWidth),
               .count = Counted(test.still_open(), "descriptor"),
               .function = {},
               .place = {}};
  const int shown = full ? test.leaks_size() : std::min(test.leaks_size(), 1);
  for (int i = 0; i < shown; ++i) {
    const LeakSite& leak = report.leaks(static_cast<int>(test.leaks(i)));
    SiteName name = NameOf(leak.stack(), leak.call());
    line.function = full ? std::move(name.function) : CutTo(name.function, kColumnWidth);
    const Frame* const own = OwnFrame(leak.stack());
    line.place = full && own != nullptr && !name.place.empty() ? FullPlace(*own) : std::move(name.place);
    if (shown < test.leaks_size()) {
      absl::StrAppend(&line.place, ", and ", Counted(test.leaks_size() - shown, "more site"));
    }
    lines.push_back(line);
    line = {};
  }
}

size_t WidthOf(std::string Line::*column, const std::vector<Line>& lines, size_t most) {
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) texts.push_back(line.*column);
  return WidestUpTo(texts, most);
}

}  // namespace

std::string TestsTitle(const Report& report) {
  if (report.tests().empty()) return "";
  const size_t leaking = CountLeaking(report);
  return absl::StrCat(leaking == 0 ? "none" : WithThousands(leaking), " of ", WithThousands(report.tests_size()),
                      " left descriptors open");
}

std::vector<std::string> TestLines(const Report& report, bool full) {
  const size_t leaking = CountLeaking(report);
  const size_t shown = full ? leaking : std::min(leaking, kSummaryTests);
  std::vector<Line> lines;
  for (size_t i = 0; i < shown; ++i) AddLines(report, report.tests(static_cast<int>(i)), full, lines);
  const size_t test = WidthOf(&Line::test, lines, kNameWidth);
  const size_t count = WidthOf(&Line::count, lines, kColumnWidth);
  const size_t function = WidthOf(&Line::function, lines, kColumnWidth);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) {
    texts.push_back(absl::StrCat("  ", PadRight(line.test, test), "   ", PadLeft(line.count, count), "   ",
                                 PadRight(line.function, function), "  ", line.place));
  }
  if (shown < leaking) {
    texts.push_back(absl::StrCat("  … and ", Counted(leaking - shown, "more test"), ", which the full report shows"));
  }
  return texts;
}

}  // namespace fdtrace
