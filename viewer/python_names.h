// Gives a trace's Python functions the qualified names that their code objects did not know, while their source files
// are at hand.
#pragma once

#include <vector>

#include "proto/trace.pb.h"
#include "viewer/trace.h"

namespace fdtrace {

// Those that the trace lacks and that differ from what it has. A source that changed since the recording began is not
// believed.
std::vector<TracePythonName> LookUpPythonNames(const Trace& trace);

}  // namespace fdtrace
