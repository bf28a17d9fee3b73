#include "cli/rules_options.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "cli/options_only.h"
#include "findings/stored_report.h"

namespace fdtrace {
namespace {

constexpr char kHelp[] =
    "fdtrace in CI: fail a run for descriptors that it leaks, and for nothing else\n\n"
    "Usage: fdtrace --error-exitcode 23 [options] -- ctest\n"
    "       fdtrace report|merge|stop … [options]     judge what was recorded\n"
    "       fdtrace diff BASE NEW                     what is new, gone, grown, shrunk\n";

constexpr char kNotes[] =
    "\nKINDS: growing, held, single, leak (those three), pinned, double-close, close,\n"
    "failure, leftover, inherited, any; default leak,pinned,double-close.\n"
    "A suppression is a line KIND:PATTERN, the kind one of leak, pinned, close,\n"
    "failure, leftover, inherited; the pattern occurs in a function, file, module or\n"
    "path; * stands for anything, ^ and $ for its ends, # begins a comment.\n"
    "A program that fails by itself keeps its exit status.\n"
    "-r writes .sarif .md .html .json .txt, and by name github: gitlab: junit:\n";

constexpr double kLongestAgeS = 1e9;

}  // namespace

void AddRulesOptions(CLI::App& app, RulesOptions& options, bool in_help) {
  const std::string group = in_help ? "Options" : "";  // CLI11 leaves out the group without a name
  app.add_option("--error-exitcode", options.error_exitcode, "exit with N when a finding fails the run")
      ->type_name("N")
      ->group(group);
  app.add_option("--fail-on", options.fail_on, "what fails a run; see below")->type_name("KINDS")->group(group);
  app.add_option("--min-count", options.min_count, "let findings of fewer than N pass")->type_name("N")->group(group);
  app.add_option("--min-age", options.min_age_s, "do not count what was open for less")
      ->type_name("SECONDS")
      ->group(group);
  app.add_option("--suppressions", options.suppressions, "let pass what is listed there; repeatable")
      ->type_name("FILE")
      ->group(group)
      ->expected(1)
      ->take_all();
  app.add_option("--baseline", options.baseline, "let pass what that JSON report or trace has")
      ->type_name("FILE")
      ->group(group);
}

absl::Status CheckRules(const RulesOptions& options) {
  if (options.error_exitcode < 0 || options.error_exitcode > 255) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot exit with ", options.error_exitcode, ": give --error-exitcode a number from 1 to 255"));
  }
  if (!options.fail_on.empty() && options.error_exitcode == 0) {
    return absl::InvalidArgumentError(
        "cannot fail a run: --fail-on needs a status to exit with; add --error-exitcode N");
  }
  if (!(options.min_age_s >= 0 && options.min_age_s <= kLongestAgeS)) {
    return absl::InvalidArgumentError("cannot read --min-age: give a number of seconds; see fdtrace --help-ci");
  }
  return options.fail_on.empty() ? absl::OkStatus() : ParseFailOn(options.fail_on).status();
}

absl::StatusOr<Ruling> MakeRuling(const RulesOptions& options) {
  Ruling ruling;
  if (!options.fail_on.empty()) {
    const auto kinds = ParseFailOn(options.fail_on);
    if (!kinds.ok()) return kinds.status();
    ruling.fail_on = *kinds;
  }
  ruling.min_count = options.min_count;
  ruling.min_age = std::chrono::nanoseconds(std::llround(options.min_age_s * 1e9));
  ruling.error_exitcode = options.error_exitcode;
  for (const std::string& file : options.suppressions) {
    if (const absl::Status status = ReadSuppressions(file, ruling.suppressions); !status.ok()) return status;
  }
  if (!options.baseline.empty()) {
    auto report = ReadStoredReport(options.baseline);
    if (!report.ok()) return report.status();
    ruling.baseline_file = options.baseline;
    ruling.baseline = Baseline(*std::move(report));
  }
  return ruling;
}

std::string RulesHelp() {
  CLI::App app;
  RulesOptions options;
  app.set_help_flag();
  app.formatter(std::make_shared<OptionsOnly>());
  AddRulesOptions(app, options, true);
  return absl::StrCat(kHelp, app.help(), kNotes);
}

}  // namespace fdtrace
