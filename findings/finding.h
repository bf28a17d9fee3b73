// The rows of a report that can fail a run, as one list whatever their kind. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/report.pb.h"
#include "viewer/frames.h"

namespace fdtrace {

// Finding.kind.
inline constexpr char kLeak[] = "leak";
inline constexpr char kPinned[] = "pinned";
inline constexpr char kClose[] = "close";
inline constexpr char kFailure[] = "failure";
inline constexpr char kLeftover[] = "leftover";
inline constexpr char kInherited[] = "inherited";

// Fills REPORT.findings anew from its rows, as if there were no rules: everything is left, nothing fails. Files left in
// other places than those for temporary files, and what fdtrace's own caller passed on, are nobody's fault.
void AddFindings(Report& report);

// Of the row, innermost first: where the descriptors or files were opened, or the call was made.
const Frames& StackOf(const Report& report, const Finding& finding);

// The function that made the call.
const std::string& CallOf(const Report& report, const Finding& finding);

// "leak", "growing", "held", "single", "pinned", "double-close", "close", "failure", "leftover", "inherited": a leak's
// verdict where it has one; "double-close" is what was closed twice in any way, "close" the use or close of what was
// not open else.
std::string RuleOf(const Report& report, const Finding& finding);

}  // namespace fdtrace
