// Source lines for a report, read from the files as they are now.
#pragma once

#include "proto/report.pb.h"
#include "viewer/trace.h"

namespace fdtrace {

// For every line of source in any stack of REPORT, the three lines before it, itself and the three after it. Runs of
// lines follow one another without overlap or touch in each file; files come in the order in which the report names
// them. Says nothing of what is not at hand: files that cannot be read, are no regular files or are larger than 4 MiB,
// and lines that a file does not have. Relative names lead from where the program was started.
//
// Safe for files of any content: lines are printable UTF-8 of at most 300 characters, tabs shown as the spaces to the
// next multiple of eight; 20,000 lines in all, those of the files named first.
void AddSources(const Trace& trace, Report& report);

}  // namespace fdtrace
