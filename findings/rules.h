// Which findings fail a run: kinds, thresholds, suppressions, a baseline. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "findings/baseline.h"
#include "findings/suppressions.h"
#include "proto/report.pb.h"

namespace fdtrace {

struct Ruling {
  std::vector<std::string> fail_on = {"leak", "pinned", "double-close"};
  uint32_t min_count = 1;
  std::chrono::nanoseconds min_age = {};           // of descriptors and pinned files, at their end
  std::vector<SuppressionRule> suppressions = {};  // the first that matches counts; those built in come after
  std::string baseline_file = {};                  // as the report names it
  std::optional<Baseline> baseline = {};
  int error_exitcode = 0;  // 0: findings change no exit status
};

// "leak,pinned,double-close" as its parts; InvalidArgument names what is none and says which there are.
absl::StatusOr<std::vector<std::string>> ParseFailOn(absl::string_view kinds);

// Fills REPORT.findings, suppressions and rules.
void Judge(const Ruling& ruling, Report& report);

// How many findings fail.
uint32_t Failing(const Report& report);

// With which status to exit where the program ended with STATUS: its own unless that is 0 and findings fail.
int JudgedStatus(const Report& report, int status);

}  // namespace fdtrace
