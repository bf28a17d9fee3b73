#include "viewer/files_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "viewer/frames.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummaryLeftovers = 5;
constexpr size_t kSummaryWriters = 3;
constexpr size_t kFullWriters = 20;
constexpr size_t kColumnWidth = 60;
constexpr int64_t kLargeWriter = 64 << 20;

struct Line {
  std::string files, bytes, path, function, place;
};

size_t WidthOf(std::string Line::*column, const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) texts.push_back(line.*column);
  return WidestUpTo(texts, kColumnWidth);
}

// VERB says what the code did, before its name.
std::vector<std::string> Aligned(const std::vector<Line>& lines, absl::string_view verb) {
  const size_t files = WidthOf(&Line::files, lines);
  const size_t bytes = WidthOf(&Line::bytes, lines);
  const size_t path = WidthOf(&Line::path, lines);
  const size_t function = WidthOf(&Line::function, lines);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) {
    // Writers have no column of files.
    texts.push_back(absl::StrCat("  ", PadLeft(line.files, files), files > 0 ? "  " : "", PadLeft(line.bytes, bytes),
                                 "  ", PadRight(line.path, path), "  ", verb, " ", PadRight(line.function, function),
                                 "  ", line.place));
  }
  return texts;
}

void SetPlace(const Frames& stack, const std::string& call, bool full, Line& line) {
  SiteName name = NameOf(stack, call);
  line.function = std::move(name.function);
  const Frame* const own = OwnFrame(stack);
  line.place = full && own != nullptr && !name.place.empty() ? FullPlace(*own) : std::move(name.place);
}

// "/tmp/tmp*" for the directory "/tmp" and the pattern "tmp********" of several files; a single one has its own name.
std::string PathOf(const Leftover& left) {
  std::string path = left.directory();
  if (!absl::EndsWith(path, "/")) path += '/';
  for (const char byte : left.pattern()) {
    const bool repeated = byte == '*' && path.back() == '*' && left.files() > 1;
    if (!repeated) path += byte;
  }
  return path;
}

bool IsToldOf(const Leftover& left, bool full) { return full || left.temporary(); }
bool IsToldOf(const Writer& writer, bool full) { return full || writer.bytes() >= kLargeWriter; }

std::string BytesOf(int64_t bytes, bool at_least) {
  return absl::StrCat(at_least ? "at least " : "", HumanBytes(bytes));
}

// "40 files", "1 file"
std::string FilesOf(uint64_t files) { return Counted(files, "file"); }

}  // namespace

std::string LeftoversTitle(const Report& report, bool full) {
  uint64_t files = 0;
  int64_t bytes = 0;
  for (const Leftover& left : report.leftovers()) {
    if (!IsToldOf(left, full)) continue;
    files += left.files();
    bytes += left.bytes();
  }
  if (files == 0) return {};
  return absl::StrCat(FilesOf(files), ", ", HumanBytes(bytes), ", that it made ",
                      full ? "" : "in directories for temporary files ", "and did not remove");
}

std::vector<std::string> LeftoverLines(const Report& report, bool full) {
  std::vector<Line> lines;
  uint64_t hidden = 0;
  for (const Leftover& left : report.leftovers()) {
    if (!IsToldOf(left, full)) continue;
    if (!full && lines.size() == kSummaryLeftovers) {
      hidden += left.files();
      continue;
    }
    Line& line = lines.emplace_back(Line{FilesOf(left.files()), HumanBytes(left.bytes()), PathOf(left), {}, {}});
    SetPlace(left.created_at(), left.call(), full, line);
  }
  std::vector<std::string> texts = Aligned(lines, "created at");
  if (hidden > 0) {
    texts.push_back(absl::StrCat(" … and ", Counted(hidden, "more file"), ", which the full report shows"));
  }
  return texts;
}

std::string WritersTitle(const Report& report, bool full) {
  uint64_t files = 0;
  int64_t bytes = 0;
  bool told = false;
  bool at_least = false;
  for (const Writer& writer : report.writers()) {
    at_least = at_least || writer.at_least();
    files += writer.files();
    bytes += writer.bytes();
    told = told || IsToldOf(writer, full);
  }
  return told ? absl::StrCat(BytesOf(bytes, at_least), " added to ", FilesOf(files)) : "";
}

std::vector<std::string> WriterLines(const Report& report, bool full) {
  std::vector<Line> lines;
  const size_t most = full ? kFullWriters : kSummaryWriters;
  for (const Writer& writer : report.writers()) {
    if (lines.size() == most || !IsToldOf(writer, full)) break;
    const std::string name = writer.path().empty() ? NameOfUnnamed(writer.nameless()) : writer.path();
    const std::string others = writer.files() > 1 ? absl::StrCat(" and ", writer.files() - 1, " more") : "";
    Line& line = lines.emplace_back(Line{"", BytesOf(writer.bytes(), writer.at_least()), name + others, {}, {}});
    SetPlace(writer.stack(), writer.call(), full, line);
  }
  const size_t all = static_cast<size_t>(report.writers_size());
  std::vector<std::string> texts = Aligned(lines, "opened at");
  if (lines.size() < all) {
    texts.push_back(absl::StrCat(" … and ", Counted(all - lines.size(), "more place"),
                                 full ? "" : ", which the full report shows"));
  }
  return texts;
}

}  // namespace fdtrace
