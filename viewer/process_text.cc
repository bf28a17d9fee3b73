#include "viewer/process_text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "viewer/frames.h"
#include "viewer/process_tree.h"
#include "viewer/table.h"
#include "viewer/tally.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kProgramsInShort = 5;
constexpr size_t kTreeWidth = 80;  // of branches and command
constexpr int kDeepest = 12;       // what lies deeper is drawn there

// "make -j4", and "dash: sh -c true" where the command goes by another name than the program.
std::string CommandOf(const ProcessRow& row) {
  std::string name = ProgramName(*row.process);
  if (row.count > 1) return absl::StrCat(name, " ×", WithThousands(row.count));
  const auto& words = row.process->command_line();
  if (words.empty()) return name;
  const absl::string_view called = Basename(words[0]);
  const bool by_its_name = absl::StripPrefix(called, "-") == name;  // a login shell's begins with "-"
  if (!by_its_name) return absl::StrCat(name, ": ", absl::StrJoin(words, " "));
  std::vector<std::string> shown(words.begin(), words.end());
  shown[0] = name;
  return absl::StrJoin(shown, " ");
}

std::string RemarkOn(const Process& process) {
  if (!process.untraced_reason().empty()) return absl::StrCat("could not be followed: ", process.untraced_reason());
  switch (process.end()) {
    case Process::ALIVE:
      return "still running when recording ended";
    case Process::VANISHED:
      return "ended without notice";
    case Process::UNTRACED:
      return "went on to a program that could not be followed";
    default:
      return {};
  }
}

// What stands left of a row: "│  ├─ ".
class Branches {
 public:
  std::string Before(const ProcessRow& row) {
    const size_t depth = static_cast<size_t>(std::min(row.depth, kDeepest));
    if (depth == 0) {
      goes_on_.clear();
      return {};
    }
    goes_on_.resize(depth);
    std::string branches;
    for (size_t above = 0; above + 1 < depth; ++above) branches += goes_on_[above] ? "│  " : "   ";
    goes_on_[depth - 1] = !row.last;
    return absl::StrCat(branches, row.last ? "└─ " : "├─ ");
  }

 private:
  std::vector<bool> goes_on_;  // by depth from 1: whether a sibling is to come
};

struct Line {
  std::string pid, opened, open_at_exit, command;
};

Line LineOf(const ProcessRow& row, Branches& branches) {
  const Process& process = *row.process;
  const bool followed = process.end() != Process::END_UNKNOWN;
  Line line;
  if (row.count == 1) line.pid = absl::StrCat(process.pid());
  line.opened = followed ? WithThousands(row.opened) : "-";
  line.open_at_exit = followed ? WithThousands(row.open_at_exit) : "-";
  line.command = CutTo(absl::StrCat(branches.Before(row), CommandOf(row)), kTreeWidth);
  if (const std::string remark = RemarkOn(process); !remark.empty()) absl::StrAppend(&line.command, "  (", remark, ")");
  return line;
}

size_t WidthOf(std::string Line::*column, const std::vector<Line>& lines) {
  size_t widest = 0;
  for (const Line& line : lines) widest = std::max(widest, Width(line.*column));
  return widest;
}

}  // namespace

std::string ProcessesInShort(const Report& report) {
  std::vector<std::string> names;
  for (const Process& process : report.processes()) names.push_back(ProgramName(process));
  return absl::StrCat(WithThousands(names.size()),
                      names.size() == 1 ? " process: " : " processes: ", TallyOf(names, kProgramsInShort));
}

std::vector<std::string> ProcessTreeLines(const Report& report) {
  std::vector<Line> lines = {{"pid", "opened", "open at end", "program"}};
  Branches branches;
  for (const ProcessRow& row : ProcessTree(report)) lines.push_back(LineOf(row, branches));
  const size_t pid = WidthOf(&Line::pid, lines);
  const size_t opened = WidthOf(&Line::opened, lines);
  const size_t open_at_exit = WidthOf(&Line::open_at_exit, lines);
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const Line& line : lines) {
    texts.push_back(absl::StrCat("  ", PadLeft(line.pid, pid), "  ", PadLeft(line.opened, opened), "  ",
                                 PadLeft(line.open_at_exit, open_at_exit), "  ", line.command));
  }
  return texts;
}

}  // namespace fdtrace
