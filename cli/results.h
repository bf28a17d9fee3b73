// What a recording leaves: the trace, the reports asked for, and the summary.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/options.h"
#include "cli/signal_relay.h"
#include "collector/model.h"
#include "proto/trace.pb.h"
#include "viewer/early_symbols.h"

namespace fdtrace {

struct Recorded {
  TraceStart start;
  RecordingEnd end;
  std::string trace;  // where it shall be
  bool redact = false;
  EarlySymbols* symbols = nullptr;  // what is known of the code already
};

// A recording of COMMAND that starts now, in this directory.
TraceStart DescribeStart(const std::vector<std::string>& command);

// Writes RECORDED.trace, an ordinary file, whole or not at all; where it is redacted, with its symbols.
absl::Status WriteTrace(const Recorded& recorded, Model& model);

// Adds the symbols to the file TRACE. Looking up thousands of addresses in large programs takes its time, and whoever
// waits at a terminal is told.
absl::Status AddSymbolsTelling(const std::string& trace, EarlySymbols* early = nullptr);

// Judges the file TRACE, of a program that ended with STATUS, and writes the reports and the summary. The user knows
// the file by NAME; empty: it will not be kept. Says what failed. Returns the exit status: STATUS, or what RULING makes
// of it; kExitFailed if anything failed and the program had not.
int ShowTrace(const std::string& trace, const std::string& name, const RunOptions& options, const Ruling& ruling,
              int status);

// Writes everything, the trace first, so that nothing that goes wrong later costs it. When the trace cannot be written
// (the disk that the program filled?) the reports and the summary are made all the same. Returns as ShowTrace does.
// From when the trace is written, SIGNALS may end fdtrace.
int WriteResults(const Recorded& recorded, const RunOptions& options, const Ruling& ruling, Model& model,
                 SignalRelay& signals);

}  // namespace fdtrace
