// Any text as a file of suppressions, and its patterns against any name: a byte for the name's length, the name, the
// file.
#include <cstdlib>

#include "findings/pattern.h"
#include "findings/suppressions.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  fdtrace::Input input(data, bytes);
  const std::string name = input.TakeText();
  std::vector<fdtrace::SuppressionRule> rules;
  if (!fdtrace::ParseSuppressions(input.TakeRest(), "fuzz.supp", rules).ok()) return 0;
  for (const fdtrace::SuppressionRule& rule : rules) {
    fdtrace::PatternMatches(rule.pattern, name);
    std::vector<fdtrace::SuppressionRule> again;
    if (!fdtrace::ParseSuppressions(rule.line(), "again", again).ok() || again.size() != 1) abort();
  }
  return 0;
}
