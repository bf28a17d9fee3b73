// What a recording leaves: the trace, the reports asked for, and the summary.
#pragma once

#include <string>

#include "cli/options.h"
#include "cli/signal_relay.h"
#include "collector/model.h"
#include "proto/trace.pb.h"

namespace fdtrace {

struct Recorded {
  TraceStart start;
  RecordingEnd end;
  std::string trace;  // where it shall be
};

// Writes everything, the trace first, so that nothing that goes wrong later costs it. When the trace cannot be written
// (the disk that the program filled?) the reports and the summary are made all the same. Says what failed.
// Returns the exit status: the program's own, or what RULING makes of it; kExitFailed if anything failed and the
// program had not. From when the trace is written, SIGNALS may end fdtrace.
int WriteResults(const Recorded& recorded, const RunOptions& options, const Ruling& ruling, Model& model,
                 SignalRelay& signals);

}  // namespace fdtrace
