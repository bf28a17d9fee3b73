// What the numbers of a report do not say by themselves.
#pragma once

#include <string>
#include <vector>

#include "viewer/trace.h"

namespace fdtrace {

// A sentence each, without its full stop, valid UTF-8: the collector's own notes first, then what is missing (the end
// of the trace, events, origins, processes, symbols).
std::vector<std::string> NotesOn(const Trace& trace);

// The counts of all sites add up, in themselves and to what the end of the trace says.
bool AddsUp(const Trace& trace);

}  // namespace fdtrace
