// Many reports as one: of jobs that ran in shards, on one machine or on many. Pure.
#pragma once

#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// Rows of the same call and stack become one; counts and bytes add up; lists follow one another in the order of
// REPORTS, which is not empty. What belongs to one clock or one process alone, curves and timelines, is left out of the
// merged: a note says so, and what was merged. The exit status is the first that is not 0. One report alone stays as it
// is.
Report Merge(std::vector<Report> reports);

}  // namespace fdtrace
