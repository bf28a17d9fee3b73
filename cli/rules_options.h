// The options that say which findings fail a run, the same for every command that reports.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "findings/rules.h"

namespace CLI {
class App;  // whoever includes all of it gets its validators made before main
}

namespace fdtrace {

struct RulesOptions {
  int error_exitcode = 0;    // 0: not given
  std::string fail_on = {};  // empty: not given
  uint32_t min_count = 1;
  double min_age_s = 0;
  std::vector<std::string> suppressions = {};  // files
  std::string baseline = {};                   // file; empty: none
};

// IN_HELP: they have their own page otherwise.
void AddRulesOptions(CLI::App& app, RulesOptions& options, bool in_help = false);

// What can be said without reading a file. InvalidArgument says what to do.
absl::Status CheckRules(const RulesOptions& options);

// Reads the files named.
absl::StatusOr<Ruling> MakeRuling(const RulesOptions& options);

// The page of `fdtrace --help-ci`.
std::string RulesHelp();

}  // namespace fdtrace
