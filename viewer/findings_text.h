// What the rules of a run say of its findings, as text.
#pragma once

#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// The finding of each of the report's leaks; null for those that nobody judged.
std::vector<const Finding*> LeakFindings(const Report& report);
// The same of its wrong closes.
std::vector<const Finding*> BadCloseFindings(const Report& report);

// "2 suppressed, 3 allowed by the baseline, 1 too young"; empty where everything is left.
std::string NotLeft(const Finding& finding);

// "2 findings fail the run: exit status 23"; empty where findings change no exit status.
std::string VerdictLine(const Report& report);

// What was suppressed by which line, lines that suppressed nothing, and what the baseline allowed. Those built in are
// told when they were of use; in a summary, of the lines that were the first ten.
std::vector<std::string> RulesLines(const Report& report, bool full);

}  // namespace fdtrace
