// Makes a trace complete in itself: puts functions and source lines to the addresses in it while the files that they
// come from are still at hand.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/trace.pb.h"
#include "viewer/trace.h"

namespace fdtrace {

class EarlySymbols;

// Called between modules: so many addresses of so many are looked up. May be null.
using SymbolProgress = std::function<void(size_t done, size_t total)>;

// Looks up every frame of every stack that the trace names a site, a file without a name, a file left behind or a
// writer by, and appends the TraceSymbols to the file. An address about which nothing is known gets none; a module that
// could not be read gets one with the reason. Python code gets its TracePythonNames. What an earlier call added is not
// looked up again. The work follows the number of distinct addresses, less what `early` has read; that may be null.
absl::Status AddSymbols(const std::string& trace_path, const SymbolProgress& progress = nullptr,
                        EarlySymbols* early = nullptr);

// The same without the file: the symbols that the trace lacks.
std::vector<TraceSymbol> LookUpSymbols(const Trace& trace, const SymbolProgress& progress = nullptr,
                                       EarlySymbols* early = nullptr);

}  // namespace fdtrace
