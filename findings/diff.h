// What changed between two reports, by fingerprint, and its forms for people; RenderJson has that for programs. Pure.
#pragma once

#include <string>

#include "proto/diff.pb.h"
#include "proto/report.pb.h"

namespace fdtrace {

// Rows of one fingerprint count together. The reports' own findings are not looked at: rules change nothing here.
Diff Compare(Report base, Report now);

// A line for each change, its place in the code beneath.
std::string RenderDiffText(const Diff& diff, bool colours);
std::string RenderDiffMarkdown(const Diff& diff);

}  // namespace fdtrace
