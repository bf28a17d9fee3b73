// `fdtrace run`: runs a program, records it, and tells what it left open.
#pragma once

#include "cli/options.h"

namespace fdtrace {

// The exit status: the program's, 128+N when signal N killed it, or what console.h says. The program is not run unless
// every output can be written; no output is left half-written, nor any when the program could not be started.
int Run(const RunOptions& options);

}  // namespace fdtrace
