#include "findings/markdown.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "findings/finding.h"
#include "viewer/heading.h"
#include "viewer/printable.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kStacks = 20;
constexpr int kFrames = 30;         // of each
constexpr size_t kCellWidth = 200;  // names of templates can be longer than a page

std::string EscapedHtml(absl::string_view text) {
  return absl::StrReplaceAll(Printable(text), {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

std::string Cell(absl::string_view text) { return EscapedMarkdown(CutTo(text, kCellWidth)); }

// In <code> no site makes links or mentions of what is in it.
std::string CodeCell(absl::string_view text) { return absl::StrCat("<code>", Cell(text), "</code>"); }

class MarkdownReport {
 public:
  MarkdownReport(const Report& report, const FormOptions& options)
      : report_(report), options_(options), ranked_(BySeverity(report)) {
    for (const RankedFinding& each : ranked_) ++counts_[static_cast<size_t>(SeverityOf(*each.finding))];
  }

  std::string Render(size_t most_bytes) {
    const std::string run = absl::StrCat("fdtrace: ", EscapedMarkdown(CommandInShort(report_.recording())), " ",
                                         HowItEnded(report_.recording()));
    if (ranked_.empty())
      return absl::StrCat(run, report_.recording().complete() ? ": nothing found\n"
                                                              : ": nothing found, but the recording is not complete\n");
    Add(absl::StrCat("### ", run, "\n\n", Summary(), "\n"));
    const size_t fails = counts_[0], left = counts_[1];
    AddTable("What fails", 0, fails);
    AddTable(fails > 0 ? "What else was found" : "What was found", fails, left);
    AddTests();
    AddStacks(fails + left);
    return Joined(most_bytes);
  }

 private:
  struct Piece {
    std::string text;
    bool row = false;  // of a table; those may be left out
  };

  void Add(std::string text, bool row = false) { pieces_.push_back({std::move(text), row}); }

  std::string Summary() const {
    std::vector<std::string> parts;
    parts.push_back(counts_[0] > 0
                        ? absl::StrCat("**", Counted(counts_[0], "finding"), counts_[0] == 1 ? " fails" : " fail", "**")
                        : "Nothing fails");
    uint64_t suppressed = 0, young = 0, allowed = 0;
    for (const Finding& finding : report_.findings()) {
      suppressed += finding.suppressed();
      young += finding.too_young();
      allowed += finding.allowed();
    }
    if (counts_[1] > 0) parts.push_back(Counted(counts_[1], counts_[0] > 0 ? "other finding" : "finding"));
    if (suppressed > 0) parts.push_back(absl::StrCat(WithThousands(suppressed), " suppressed"));
    if (young > 0) parts.push_back(absl::StrCat(WithThousands(young), " too young to count"));
    if (allowed > 0) parts.push_back(absl::StrCat(WithThousands(allowed), " allowed by the baseline"));
    return absl::StrJoin(parts, ", ");
  }

  // Of COUNT findings from the one at FIRST.
  void AddTable(absl::string_view title, size_t first, size_t count) {
    if (count == 0) return;
    Add(absl::StrCat("\n#### ", title, "\n\n| Kind | Left | Finding | Place |\n| --- | ---: | --- | --- |\n"));
    for (size_t at = first; at < first + count; ++at) {
      const Finding& finding = *ranked_[at].finding;
      Add(absl::StrCat("| ", EscapedMarkdown(RuleOf(report_, finding)), " | ", WithThousands(finding.left()), " | ",
                       Cell(MessageWithAdvice(report_, finding)), " | ", CodeCell(PlaceText(finding)), " |\n"),
          /*row=*/true);
    }
  }

  std::string PlaceText(const Finding& finding) const {
    const Frames& stack = StackOf(report_, finding);
    const Frame* const source = SourceFrame(stack);
    if (source == nullptr) return ModuleOf(report_, stack);
    const SourcePlace place = PlaceOf(*source, options_);
    return absl::StrCat(place.path, ":", place.line);
  }

  void AddTests() {
    bool headed = false;
    for (const Test& test : report_.tests()) {
      if (test.still_open() == 0) continue;
      if (!headed) Add("\n#### Tests that left descriptors open\n\n| Test | Still open |\n| --- | ---: |\n");
      headed = true;
      Add(absl::StrCat("| ", CodeCell(test.name()), " | ", WithThousands(test.still_open()), " |\n"), /*row=*/true);
    }
  }

  // No line within is empty: that would end the block of HTML.
  void AddStacks(size_t count) {
    for (size_t at = 0; at < std::min(count, kStacks); ++at) {
      const Finding& finding = *ranked_[at].finding;
      const Frames& stack = StackOf(report_, finding);
      if (stack.empty()) continue;
      std::string text =
          absl::StrCat("\n<details><summary>", EscapedHtml(CutTo(finding.message(), kCellWidth)), "</summary><pre>");
      const int shown = std::min(stack.size(), kFrames);
      for (int frame = 0; frame < shown; ++frame) {
        absl::StrAppend(&text, EscapedHtml(CutTo(FrameLine(stack[frame], options_), kCellWidth)), "\n");
      }
      if (shown < stack.size()) absl::StrAppend(&text, "and ", Counted(stack.size() - shown, "more frame"), "\n");
      Add(text + "</pre></details>\n");
    }
  }

  std::string Joined(size_t most_bytes) {
    constexpr size_t kRoomForNote = 100;
    size_t bytes = kRoomForNote, left_out = 0;
    for (const Piece& piece : pieces_) bytes += piece.text.size();
    for (auto piece = pieces_.rbegin(); piece != pieces_.rend() && bytes > most_bytes; ++piece) {
      if (!piece->row) continue;
      bytes -= piece->text.size();
      piece->text.clear();
      ++left_out;
    }
    std::string text;
    for (const Piece& piece : pieces_) text += piece.text;
    if (left_out > 0) absl::StrAppend(&text, "\n", Counted(left_out, "row"), " left out here for want of room.\n");
    return text;
  }

  const Report& report_;
  const FormOptions& options_;
  const std::vector<RankedFinding> ranked_;
  size_t counts_[3] = {};  // by Severity
  std::vector<Piece> pieces_;
};

}  // namespace

std::string EscapedMarkdown(absl::string_view text) {
  return absl::StrReplaceAll(Printable(text), {{"&", "&amp;"},
                                               {"<", "&lt;"},
                                               {">", "&gt;"},
                                               {"|", "&#124;"},
                                               {"\\", "&#92;"},
                                               {"`", "&#96;"},
                                               {"*", "\\*"},
                                               {"_", "\\_"},
                                               {"[", "\\["},
                                               {"]", "\\]"},
                                               {"~", "\\~"},
                                               {"#", "\\#"},
                                               {"$", "\\$"},
                                               {"@", "\\@"}});
}

std::string RenderMarkdown(const Report& report, const FormOptions& options, size_t most_bytes) {
  return MarkdownReport(report, options).Render(most_bytes);
}

}  // namespace fdtrace
