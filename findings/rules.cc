// Each finding is split: what is suppressed, what is too young, what the baseline allows, what is left.
#include "findings/rules.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "findings/finding.h"
#include "findings/items.h"
#include "findings/pattern.h"

namespace fdtrace {
namespace {

constexpr std::array<absl::string_view, 11> kFailOn = {
    "growing", "held", "single", "leak", "pinned", "double-close", "close", "failure", "leftover", "inherited", "any"};

// The rules of a run as they are applied, with what each has done.
class Suppressor {
 public:
  explicit Suppressor(const std::vector<SuppressionRule>& given) : rules_(given), given_(given.size()) {
    const std::vector<SuppressionRule> built_in = BuiltInSuppressions();
    rules_.insert(rules_.end(), built_in.begin(), built_in.end());
    counts_.resize(rules_.size());
    rows_.resize(rules_.size());
  }

  // Which of ITEMS remain; FINDING is told how many do not.
  std::vector<Item> Apply(const Report& report, Finding& finding, std::vector<Item> items) {
    for (size_t i = 0; i < rules_.size() && !items.empty(); ++i) {
      if (rules_[i].kind != finding.kind()) continue;
      const bool all = MatchesCode(rules_[i].pattern, report, finding);
      uint32_t count = 0;
      std::erase_if(items, [&](const Item& item) {
        const bool suppressed = all || (!item.path.empty() && PatternMatches(rules_[i].pattern, item.path));
        if (suppressed) count += item.count;
        return suppressed;
      });
      if (count == 0) continue;
      counts_[i] += count;
      ++rows_[i];
      finding.set_suppressed(finding.suppressed() + count);
    }
    return items;
  }

  void Tell(Report& report) const {
    report.clear_suppressions();
    for (size_t i = 0; i < rules_.size(); ++i) {
      if (i >= given_ && rows_[i] == 0) continue;
      Suppression& told = *report.add_suppressions();
      told.set_line(rules_[i].line());
      told.set_source(rules_[i].source);
      told.set_reason(rules_[i].reason);
      told.set_count(counts_[i]);
      told.set_rows(rows_[i]);
    }
  }

 private:
  static bool MatchesCode(const std::string& pattern, const Report& report, const Finding& finding) {
    if (PatternMatches(pattern, CallOf(report, finding))) return true;
    const Frames& stack = StackOf(report, finding);
    return std::any_of(stack.begin(), stack.end(), [&](const Frame& frame) {
      return PatternMatches(pattern, frame.function()) || PatternMatches(pattern, frame.file()) ||
             PatternMatches(pattern, frame.module());
    });
  }

  std::vector<SuppressionRule> rules_;
  size_t given_;
  std::vector<uint32_t> counts_;
  std::vector<uint32_t> rows_;
};

bool Fails(const Ruling& ruling, const Report& report, const Finding& finding) {
  if (finding.left() == 0 || finding.left() < ruling.min_count) return false;
  const std::string rule = RuleOf(report, finding);
  return std::any_of(ruling.fail_on.begin(), ruling.fail_on.end(),
                     [&](const std::string& kind) { return kind == "any" || kind == rule || kind == finding.kind(); });
}

void TellRules(const Ruling& ruling, Report& report) {
  Rules& rules = *report.mutable_rules();
  rules.Clear();
  for (const std::string& kind : ruling.fail_on) rules.add_fail_on(kind);
  rules.set_min_count(ruling.min_count);
  rules.set_min_age_ns(ruling.min_age.count());
  rules.set_baseline(ruling.baseline_file);
  rules.set_error_exitcode(ruling.error_exitcode);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseFailOn(absl::string_view kinds) {
  std::vector<std::string> parsed = absl::StrSplit(kinds, ',');
  for (const std::string& kind : parsed) {
    if (std::find(kFailOn.begin(), kFailOn.end(), kind) != kFailOn.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("cannot fail on \"", kind, "\": no such kind; give one or more of ",
                                                   absl::StrJoin(kFailOn, ","), ", with commas between"));
  }
  return parsed;
}

void Judge(const Ruling& ruling, Report& report) {
  AddFindings(report);
  Suppressor suppressor(ruling.suppressions);
  const Items items(report);
  for (Finding& finding : *report.mutable_findings()) {
    for (const Item& item : suppressor.Apply(report, finding, items.Of(finding))) {
      if (item.age_ns.has_value() && *item.age_ns < ruling.min_age.count()) {
        finding.set_too_young(finding.too_young() + item.count);
      }
    }
  }
  if (ruling.baseline) ruling.baseline->Allow(report);
  for (Finding& finding : *report.mutable_findings()) {
    finding.set_left(finding.count() - finding.suppressed() - finding.too_young() - finding.allowed());
    finding.set_fails(Fails(ruling, report, finding));
  }
  suppressor.Tell(report);
  TellRules(ruling, report);
}

uint32_t Failing(const Report& report) {
  return static_cast<uint32_t>(std::count_if(report.findings().begin(), report.findings().end(),
                                             [](const Finding& finding) { return finding.fails(); }));
}

int JudgedStatus(const Report& report, int status) {
  return status == 0 && Failing(report) > 0 && report.rules().error_exitcode() != 0 ? report.rules().error_exitcode()
                                                                                    : status;
}

}  // namespace fdtrace
