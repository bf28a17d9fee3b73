#include "viewer/inherited_text.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "viewer/descriptor_numbers.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kNumbersShown = 8;
constexpr size_t kColumnWidth = 40;

std::string Numbers(const Inherited& row) {
  return DescriptorNumbers({row.fds().begin(), row.fds().end()}, kNumbersShown);
}

std::string Receiver(const Inherited& row) {
  return row.executable().empty() ? "an unknown program" : std::string(Basename(row.executable()));
}

std::string PassedByCaller(const Inherited& row) {
  const bool one = row.fds_size() == 1;
  return absl::StrCat("  ", Numbers(row), one ? " was" : " were", " passed to ", Receiver(row),
                      " by fdtrace's own caller: ", one ? "not its leak" : "not its leaks");
}

struct Line {
  std::string count, program, function, place, numbers;
};

Line LineOf(const Inherited& row) {
  const SiteName opener = NameOf(row.stack(), row.call());
  const Frame* const own = OwnFrame(row.stack());
  return {WithThousands(row.count()), Receiver(row), opener.function,
          own != nullptr && !opener.place.empty() ? FullPlace(*own) : opener.place, Numbers(row)};
}

size_t WidthOf(std::string Line::*column, const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) texts.push_back(line.*column);
  return WidestUpTo(texts, kColumnWidth);
}

}  // namespace

std::string InheritedInShort(const Report& report) {
  uint64_t count = 0;
  for (const Inherited& row : report.inherited()) {
    if (!row.from_caller()) count += row.count();
  }
  return count == 0 ? "" : absl::StrCat(Counted(count, "descriptor"), " that programs received for want of CLOEXEC");
}

std::vector<std::string> InheritedLines(const Report& report) {
  std::vector<Line> lines;
  std::vector<std::string> passed;
  for (const Inherited& row : report.inherited()) {
    if (row.from_caller()) {
      passed.push_back(PassedByCaller(row));
    } else {
      lines.push_back(LineOf(row));
    }
  }
  const size_t count = WidthOf(&Line::count, lines);
  const size_t program = WidthOf(&Line::program, lines);
  const size_t function = WidthOf(&Line::function, lines);
  const size_t place = WidthOf(&Line::place, lines);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) {
    texts.push_back(absl::StrCat("  ", PadLeft(line.count, count), "  ", PadRight(line.program, program), "  ",
                                 PadRight(line.function, function), "  ", PadRight(line.place, place), "  ",
                                 line.numbers));
  }
  texts.insert(texts.end(), passed.begin(), passed.end());
  return texts;
}

}  // namespace fdtrace
