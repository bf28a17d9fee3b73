// From a trace to the report that every format shows. Pure.
#pragma once

#include "proto/report.pb.h"
#include "viewer/shown_stacks.h"
#include "viewer/trace.h"

namespace fdtrace {

// All of the report's text is valid UTF-8 without control characters. Of a trace that was cut short it shows what there
// is; `complete` is false then and a note says where the trace stops. recording.still_open is the sum over the leaks,
// and each leak has opened == closed + still_open unless the trace is at odds with itself, which a note then says.
// The first of the processes is the program itself.
Report BuildReport(const Trace& trace, ShownFrames frames = ShownFrames::kFolded);

}  // namespace fdtrace
