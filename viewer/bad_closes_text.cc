#include "viewer/bad_closes_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "viewer/findings_text.h"
#include "viewer/place_lines.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kSummaryRows = 5;
constexpr size_t kLabelWidth = 18;
constexpr absl::string_view kIndent = "     ";

// "DOUBLE CLOSE"
std::string KindInWords(const BadClose& row) {
  if (row.kind() == BadClose::BAD_CLOSE_UNKNOWN) return "WRONG CLOSE";
  return absl::StrReplaceAll(BadClose::Kind_Name(row.kind()), {{"_", " "}});
}

bool IsAClose(BadClose::Kind kind) { return kind != BadClose::NEVER_OPENED && kind != BadClose::USE_AFTER_CLOSE; }

// A summary leaves out what the rules let pass.
std::vector<const BadClose*> RowsToTell(const Report& report, bool full) {
  const std::vector<const Finding*> findings = BadCloseFindings(report);
  std::vector<const BadClose*> rows;
  for (size_t i = 0; i < findings.size(); ++i) {
    const bool passes = findings[i] != nullptr && findings[i]->left() == 0;
    if (full || !passes) rows.push_back(&report.bad_closes(static_cast<int>(i)));
  }
  return rows;
}

class BadClosesText {
 public:
  BadClosesText(const Report& report, bool full) : report_(report), full_(full) {}

  std::vector<std::string> Lines() {
    const std::vector<const BadClose*> rows = RowsToTell(report_, full_);
    const size_t shown = full_ ? rows.size() : std::min(rows.size(), kSummaryRows);
    std::vector<std::string> kinds;
    for (size_t i = 0; i < shown; ++i) kinds.push_back(KindInWords(*rows[i]));
    const size_t rank = absl::StrCat(shown).size();
    const size_t kind = WidestUpTo(kinds, SIZE_MAX);
    for (size_t i = 0; i < shown; ++i) {
      if (full_ && i > 0) lines_.emplace_back();
      const BadClose& row = *rows[i];
      lines_.push_back(
          absl::StrCat(" ", PadLeft(absl::StrCat(i + 1), rank), " ", PadRight(kinds[i], kind), "  ", WhatOf(row)));
      AddPlaces(row);
      if (!row.advice().empty()) lines_.push_back(absl::StrCat(kIndent, "advice: ", row.advice()));
    }
    if (shown < rows.size()) {
      lines_.push_back(
          absl::StrCat(" … and ", Counted(rows.size() - shown, "more place"), ", which the full report shows"));
    }
    return std::move(lines_);
  }

 private:
  // "fd 5 of pid 100, 3 times, first 12 ms after the start"
  std::string WhatOf(const BadClose& row) const {
    std::string what = absl::StrCat(row.count() > 1 ? "e.g. " : "", "fd ", row.fd());
    if (report_.processes_size() > 1) absl::StrAppend(&what, " of pid ", row.pid());
    if (row.count() > 1) absl::StrAppend(&what, ", ", Counted(row.count(), "time"));
    absl::StrAppend(&what, row.count() > 1 ? ", first " : ", ", HumanDuration(row.first_ns()), " after the start");
    return what;
  }

  void AddPlaces(const BadClose& row) {
    const bool two_threads = !row.previous_thread().empty() && row.previous_thread() != row.thread();
    const auto in = [&](const std::string& thread) {
      return two_threads ? absl::StrCat(", in thread ", thread) : std::string();
    };
    Add({.label = IsAClose(row.kind()) ? "closed at" : "called at",
         .label_width = kLabelWidth,
         .stack = row.stack(),
         .call = row.call(),
         .afterwards = in(row.thread())});
    if (!row.previous_call().empty()) {
      Add({.label = "closed before at",
           .label_width = kLabelWidth,
           .stack = row.previously_closed_at(),
           .call = row.previous_call(),
           .afterwards = in(row.previous_thread())});
    }
    if (!row.open_call().empty()) {
      Add({.label = "opened at",
           .label_width = kLabelWidth,
           .stack = row.originally_opened_at(),
           .call = row.open_call()});
    }
  }

  void Add(const LabelledPlace& place) {
    for (const std::string& line : PlaceLines(place, full_)) lines_.push_back(absl::StrCat(kIndent, line));
  }

  const Report& report_;
  const bool full_;
  std::vector<std::string> lines_;
};

}  // namespace

std::string BadClosesTitle(const Report& report, bool full) {
  const std::vector<const BadClose*> rows = RowsToTell(report, full);
  if (rows.empty()) return {};
  uint64_t calls = 0;
  for (const BadClose* row : rows) calls += row->count();
  return absl::StrCat(Counted(calls, "call"), " with a descriptor that was not open, from ",
                      Counted(rows.size(), "place"));
}

std::vector<std::string> BadCloseLines(const Report& report, bool full) { return BadClosesText(report, full).Lines(); }

}  // namespace fdtrace
