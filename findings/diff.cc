#include "findings/diff.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "findings/finding.h"
#include "findings/markdown.h"
#include "viewer/table.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

// The rows of one fingerprint.
struct Side {
  uint32_t count = 0;
  const Finding* first = nullptr;  // the worst
};

std::map<std::string, Side> ByFingerprint(const Report& report) {
  std::map<std::string, Side> sides;
  for (const Finding& finding : report.findings()) {
    Side& side = sides[finding.fingerprint()];
    side.count += finding.count();
    if (side.first == nullptr) side.first = &finding;
  }
  return sides;
}

Change::State StateOf(uint32_t before, uint32_t after) {
  if (before == 0) return Change::NEW;
  if (after == 0) return Change::GONE;
  return after > before ? Change::GROWN : Change::SHRUNK;
}

int64_t Difference(const Change& change) { return std::abs(int64_t{change.after()} - int64_t{change.before()}); }

void Add(const Side& before, const Side& after, const Report& base, const Report& now, Diff& diff) {
  if (before.count == after.count) {
    diff.set_unchanged(diff.unchanged() + 1);
    return;
  }
  const Report& told = after.first != nullptr ? now : base;
  const Finding& finding = after.first != nullptr ? *after.first : *before.first;
  Change& change = *diff.add_changes();
  change.set_state(StateOf(before.count, after.count));
  change.set_kind(finding.kind());
  change.set_fingerprint(finding.fingerprint());
  change.set_before(before.count);
  change.set_after(after.count);
  change.set_message(finding.message());
  change.set_call(CallOf(told, finding));
  *change.mutable_stack() = StackOf(told, finding);
}

std::string Counts(const Change& change) {
  return absl::StrCat(WithThousands(change.before()), " → ", WithThousands(change.after()));
}

std::string Heading(const Diff& diff) {
  std::array<uint64_t, Change::State_ARRAYSIZE> counts = {};
  for (const Change& change : diff.changes()) ++counts[static_cast<size_t>(change.state())];
  return absl::StrCat(counts[Change::NEW], " new, ", counts[Change::GROWN], " grown, ", counts[Change::SHRUNK],
                      " shrunk, ", counts[Change::GONE], " gone, ", diff.unchanged(), " unchanged");
}

}  // namespace

Diff Compare(Report base, Report now) {
  AddFindings(base);
  AddFindings(now);
  const std::map<std::string, Side> before = ByFingerprint(base);
  const std::map<std::string, Side> after = ByFingerprint(now);
  Diff diff;
  for (const auto& [fingerprint, side] : after) {
    const auto found = before.find(fingerprint);
    Add(found == before.end() ? Side() : found->second, side, base, now, diff);
  }
  for (const auto& [fingerprint, side] : before) {
    if (!after.contains(fingerprint)) Add(side, Side(), base, now, diff);
  }
  std::stable_sort(diff.mutable_changes()->begin(), diff.mutable_changes()->end(),
                   [](const Change& a, const Change& b) {
                     return std::make_tuple(a.state(), -Difference(a)) < std::make_tuple(b.state(), -Difference(b));
                   });
  return diff;
}

std::string RenderDiffText(const Diff& diff, bool colours) {
  std::string text = absl::StrCat("fdtrace diff: ", diff.base(), " → ", diff.now(), " · ", Heading(diff), "\n");
  std::vector<std::string> counts;
  for (const Change& change : diff.changes()) counts.push_back(Counts(change));
  constexpr size_t kWidest = 30;
  const size_t width = WidestUpTo(counts, kWidest);
  for (int i = 0; i < diff.changes_size(); ++i) {
    const Change& change = diff.changes(i);
    const bool worse = change.state() == Change::NEW || change.state() == Change::GROWN;
    std::string state = PadRight(Change::State_Name(change.state()), 6);
    if (colours) state = absl::StrCat(worse ? "\x1b[1;31m" : "\x1b[32m", state, "\x1b[0m");
    absl::StrAppend(&text, " ", state, "  ", PadRight(counts[static_cast<size_t>(i)], width), "   ", change.kind(),
                    "  ", change.message(), "\n");
    for (const Frame& frame : change.stack()) {
      absl::StrAppend(&text, "     ", FullPlace(frame), "  ", frame.function(), "\n");
    }
  }
  return text;
}

std::string RenderDiffMarkdown(const Diff& diff) {
  std::string text = absl::StrCat("### fdtrace: ", Heading(diff), "\n");
  if (diff.changes().empty()) return text;
  absl::StrAppend(&text, "\n| change | before | now | kind | what |\n|---|--:|--:|---|---|\n");
  for (const Change& change : diff.changes()) {
    absl::StrAppend(&text, "| ", absl::AsciiStrToLower(Change::State_Name(change.state())), " | ",
                    WithThousands(change.before()), " | ", WithThousands(change.after()), " | ", change.kind(), " | ",
                    EscapedMarkdown(change.message()), " |\n");
  }
  return text;
}

}  // namespace fdtrace
