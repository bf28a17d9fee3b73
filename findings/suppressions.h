// What is known and is to fail no run, in LeakSanitizer's form: a line "KIND:PATTERN" each, of findings that have the
// pattern in a function, file or module of their stack, in the function that made the call, or in a path; "#" begins a
// comment line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

struct SuppressionRule {
  std::string kind;     // Finding.kind
  std::string pattern;  // see pattern.h
  std::string source;   // "fdtrace.supp:3"; "built in"
  std::string reason;   // of those built in

  std::string line() const { return kind + ":" + pattern; }
};

// Those built in: what the C library keeps open on purpose, one descriptor each, and what a shell is known to do wrong.
std::vector<SuppressionRule> BuiltInSuppressions();

// Appends the lines of TEXT, read from FILE. InvalidArgument names the file and the line.
absl::Status ParseSuppressions(absl::string_view text, absl::string_view file, std::vector<SuppressionRule>& rules);

// The same from a file; an error of the file says what to do.
absl::Status ReadSuppressions(const std::string& file, std::vector<SuppressionRule>& rules);

}  // namespace fdtrace
