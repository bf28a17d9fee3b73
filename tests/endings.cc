#include "tests/endings.h"

#include <signal.h>

#include <sstream>

namespace fdtrace {

const std::vector<Ending>& Endings() {
  static const std::vector<Ending> endings = {
      {.how = "fork", .status = 7, .processes = 2, .opened = 5, .leaked_first = 2, .leaked_later = 3},
      {.how = "_exit", .status = 9, .opened = 4, .leaked_first = 4},
      {.how = "abort", .status = 128 + SIGABRT, .signal = SIGABRT, .opened = 4, .leaked_first = 4},
      {.how = "segv", .status = 128 + SIGSEGV, .signal = SIGSEGV, .opened = 4, .leaked_first = 4},
      {.how = "kill", .status = 128 + SIGKILL, .signal = SIGKILL, .opened = 10, .leaked_first = 10},
      {.how = "spawn", .status = 8, .processes = 2, .opened = 4, .leaked_first = 1, .leaked_later = 3},
      {.how = "exec", .status = 8, .opened = 6, .leaked_first = 2, .leaked_later = 3},
      {.how = "exec-bare", .status = 8, .opened = 6, .leaked_first = 2, .leaked_later = 3},
      {.how = "daemon", .status = 6, .processes = 2, .opened = 10, .leaked_first = 2, .leaked_later = 5},
      {.how = "orphan", .status = 4, .processes = 2, .opened = 5, .leaked_first = 2, .leaked_later = 3},
      {.how = "children", .status = 5, .processes = 301, .opened = 300, .leaked_later = 300},
  };
  return endings;
}

Traced TraceEnding(const Ending& ending) { return Trace({Program("endings"), ending.how}); }

std::string Differences(const Ending& ending, const Traced& traced) {
  const Recording& recording = traced.report.recording();
  std::ostringstream text;
  const auto compare = [&](const char* what, int64_t seen, int64_t wanted) {
    if (seen != wanted) text << what << " is " << seen << ", not " << wanted << "\n";
  };
  compare("fdtrace's status", traced.ran.status, ending.status);
  compare("exit_status", recording.exit_status(), ending.status);
  compare("signal", recording.signal(), ending.signal);
  compare("processes", traced.report.processes_size(), ending.processes);
  compare("opened", recording.opened(), ending.opened);
  compare("still_open", recording.still_open(), ending.leaked_first + ending.leaked_later);
  compare("still open of opens_first", StillOpenIn(traced.report, "opens_first"), ending.leaked_first);
  compare("still open of opens_later", StillOpenIn(traced.report, "opens_later"), ending.leaked_later);
  compare("events_lost", recording.events_lost(), 0);
  compare("opened_unseen", recording.corrections().opened_unseen(), 0);
  compare("closed_unseen", recording.corrections().closed_unseen(), 0);
  compare("complete", recording.complete(), ending.signal == 0);  // who is killed cannot be looked at in the end
  if (!traced.ran.out.empty() || !traced.ran.err.empty())
    text << "output: " << traced.ran.out << traced.ran.err << "\n";
  if (!text.str().empty()) text << Describe(traced.report);
  return text.str();
}

}  // namespace fdtrace
