// `fdtrace start`: begins a recording of all that a shell runs from now on, until `fdtrace stop`.
//
// A collector of its own serves the recording, in a session (setsid(2)) of its own and with no descriptor of its
// caller's. On stdout comes what the shell must know, for eval or, with --env, as NAME=value lines.
//
// The collector ends, and writes the trace, when it is told to stop, by SIGTERM, SIGHUP or SIGINT, or when the job is
// gone, which is when no process of the recording is left, and no keeper of it either. The keepers are
//
//  - the process that --while-pid names, and that alone; or else
//  - the shell that ran `fdtrace start` (of a subshell, as in $(...), the one that it was forked from), and
//  - the parent of that shell. The steps of a CI job are shells of their own: each may end, its parent goes on.
//
// Of these there are fewer, or others, where
//
//  - the shell reads from a terminal, and runs no script and no -c: it is interactive, and its window can be closed
//    while the terminal program goes on. The shell alone is the keeper;
//  - the parent is process 1, to which orphans are given, as after setsid(1): it tells nothing. The shell alone;
//  - the parent is outside our pid namespace, as after docker exec: process 1, the container's own, takes its place.
//
// So a script that is killed while its caller lives on leaves a collector until that ends, too: a killed shell cannot
// be told from one that has done its step. It sleeps meanwhile. --while-pid $$ makes the script alone the keeper.
#pragma once

#include "cli/options.h"

namespace fdtrace {

inline constexpr char kTraceVariable[] = "FDTRACE_TRACE";  // the path of the trace, absolute
inline constexpr char kSessionName[] = "session";          // in place of a program's, in names of files

// The exit status: 0 once the collector listens, else 125: then nothing was started, and nothing is on stdout.
int Start(const StartOptions& options);

}  // namespace fdtrace
