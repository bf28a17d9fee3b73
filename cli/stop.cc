#include "cli/stop.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "cli/console.h"
#include "cli/output_file.h"
#include "cli/output_name.h"
#include "cli/preload.h"
#include "cli/results.h"
#include "cli/start.h"
#include "collector/session_stop.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

constexpr std::chrono::seconds kLimit{60};

std::string Variable(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? std::string() : value;
}

absl::Status CannotStop(absl::string_view why, absl::string_view what_to_do) {
  return absl::FailedPreconditionError(absl::StrCat("cannot stop: ", why, "; ", what_to_do));
}

absl::Status NothingToStop(const std::string& trace) {
  constexpr absl::string_view kStartFirst = "run eval \"$(fdtrace start)\" first";
  if (trace.empty()) return CannotStop("no recording was started in this shell", kStartFirst);
  if (access(trace.c_str(), R_OK) != 0) return CannotStop("the recording has ended, and left no trace", kStartFirst);
  return CannotStop("the recording has ended",
                    absl::StrCat("run fdtrace report ", trace, " to see it, or ", kStartFirst));
}

// The link for a library whose path the loader cannot take goes with the recording.
bool PreloadIsGone() {
  const std::string preload = Variable("LD_PRELOAD");
  const std::string first = std::string(*absl::StrSplit(preload, absl::ByAnyChar(": ")).begin());
  return absl::EndsWith(first, kLibraryFile) && access(first.c_str(), F_OK) != 0;
}

}  // namespace

int Stop(const StopOptions& options) {
  const auto ruling = MakeRuling(options.results.rules);
  if (!ruling.ok()) return Complain(ruling.status());
  const std::string session = Variable(kSessionVariable), trace = Variable(kTraceVariable);
  if (trace.empty() || !SessionLives(session)) return Complain(NothingToStop(trace));
  if (const absl::Status status = CheckWritable(trace); !status.ok()) {
    return Complain(CannotStop(status.message(), "recording goes on: run fdtrace stop again when it can be written"));
  }
  RunOptions named = NameOutputs(options.results, {.program = kSessionName});
  named.trace = trace;
  if (const absl::Status status = CheckOutputs(named); !status.ok()) return Complain(status);

  const absl::StatusOr<StoppedSession> stopped = StopSession(session, kLimit);
  if (absl::IsNotFound(stopped.status())) return Complain(NothingToStop(trace));
  if (absl::IsFailedPrecondition(stopped.status())) {
    return Complain(absl::FailedPreconditionError(absl::StrCat("cannot stop: ", stopped.status().message())));
  }
  if (absl::IsDataLoss(stopped.status())) {
    return Complain(CannotStop(stopped.status().message(), "what was recorded is lost"));
  }
  if (!stopped.ok()) {
    return Complain(CannotStop(stopped.status().message(), absl::StrCat("its trace was to be ", trace)));
  }

  const absl::Status symbols = AddSymbolsTelling(trace);
  if (!symbols.ok()) Complain(symbols);
  named =
      NameOutputs(options.results,
                  {.pid = stopped->collector, .started_unix_ns = stopped->started_unix_ns, .program = kSessionName});
  const int status = ShowTrace(trace, trace, named, *ruling, EXIT_SUCCESS);
  if (PreloadIsGone()) Say("this shell's LD_PRELOAD names what is gone now: unset LD_PRELOAD");
  return symbols.ok() ? status : kExitFailed;
}

}  // namespace fdtrace
