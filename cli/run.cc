// In this order: what can fail without harm, then the program, then what it left.
#include "cli/run.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/output_name.h"
#include "cli/preload.h"
#include "cli/results.h"
#include "cli/signal_relay.h"
#include "collector/model.h"
#include "collector/monotonic_clock.h"
#include "collector/program.h"
#include "collector/session.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

std::vector<std::string> CallersEnvironment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

// Programs that run others in ways that make a recording surprising.
void SayWhatToExpect(const std::string& program) {
  if (getenv(kSessionVariable) != nullptr) {
    Say("this fdtrace is itself being traced: the program is recorded here, and not in the outer recording");
  }
  const std::string name = std::filesystem::path(program).filename().string();
  if (name == "valgrind") {
    Say("valgrind checks fdtrace's library along with the program: what it reports in libfdtrace.so is not the "
        "program's doing");
  } else if (name == "gdb" || name == "strace") {
    Say(absl::StrCat(name, " is recorded along with the program it runs"));
  }
}

int ExitStatusFor(const absl::Status& failure) {
  Complain(failure);
  return absl::IsNotFound(failure)           ? kExitNotFound
         : absl::IsPermissionDenied(failure) ? kExitNotExecutable
                                             : kExitFailed;
}

// A program's own wait status, as shells and the trace have it.
void SetExit(int status, RecordingEnd& end) {
  end.signal = WIFSIGNALED(status) ? static_cast<uint32_t>(WTERMSIG(status)) : 0;
  end.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Runs the program as it is, and says why nothing is recorded of it.
absl::Status RunUntraced(const Launch& launch, SignalRelay& signals, Recorded& recorded) {
  const int64_t began_ns = MonotonicNs();
  const auto program = StartProgram(launch, signals);
  if (!program.ok()) return program.status();
  recorded.start.set_root_pid(static_cast<uint32_t>(*program));
  SetExit(signals.WaitForEnd(*program), recorded.end);
  recorded.end.duration_ns = static_cast<uint64_t>(MonotonicNs() - began_ns);
  return absl::OkStatus();
}

// Ends when all that the session follows has ended, when the session has waited for LIMIT, or when the user has.
void WaitForOthers(const std::atomic<bool>& served, const std::string& name, std::chrono::nanoseconds limit,
                   SignalRelay& signals, Session& session) {
  using Waited = SignalRelay::Waited;
  const auto done = [&] { return served.load(); };
  Waited waited = signals.WaitUntil(done, std::chrono::seconds(1));
  if (waited == Waited::kTimedOut) {
    const std::string how_long = limit == kForever
                                     ? "until that ends"
                                     : absl::StrCat("for ", std::chrono::duration<double>(limit).count(), " s at most");
    Say(absl::StrCat(name, " has ended; still recording what it left running, ", how_long,
                     "; Ctrl-C stops that and reports"));
    waited = signals.WaitUntil(done, kForever);
  }
  if (waited != Waited::kDone) session.Stop();
}

absl::Status RunTraced(Launch& launch, const RunOptions& options, SignalRelay& signals, Model& model,
                       Recorded& recorded) {
  const auto library = PreloadLibrary::Find();
  if (!library.ok()) return library.status();
  const auto session = Session::Open(model);
  if (!session.ok()) return session.status();
  launch.environment = TracedEnvironment(std::move(launch.environment), (*library)->path(),
                                         absl::StrCat((*session)->variable(), options.reuse_late ? kReuseLate : ""));
  launch.open_files = (*session)->original_nofile();

  const auto program = StartProgram(launch, signals);
  if (!program.ok()) return program.status();
  Served served;
  std::atomic<bool> done = false;
  std::thread serving([&] {
    served = (*session)->Serve(
        {.root_pid = *program, .follow = Follow::Of(options.follow), .reap_root = false, .linger = options.wait});
    done = true;
    signals.Wake();
  });
  SetExit(signals.WaitForEnd(*program), recorded.end);
  WaitForOthers(done, launch.command[0], options.wait, signals, **session);
  serving.join();

  if (served.outlived + served.never_heard_of > 0) (*library)->LeaveBehind();
  recorded.end.some_unheard = served.never_heard_of + served.unreached > 0;
  recorded.start.set_root_pid(static_cast<uint32_t>(*program));
  recorded.start.set_started_unix_ns((*session)->started_unix_ns());
  if (served.images == 0 && served.not_followed > 0) {
    recorded.start.set_untraced_reason(absl::StrCat("no process matched --follow ", options.follow));
  } else if (served.images == 0) {
    recorded.start.set_untraced_reason(
        absl::StrCat(launch.program.path, " never loaded ", (*library)->path(), ", or could not reach fdtrace"));
  }
  recorded.end.duration_ns = served.duration_ns;
  recorded.end.notes = std::move(served.notes);
  return absl::OkStatus();
}

}  // namespace

int Run(const RunOptions& options) {
  SignalRelay signals;
  const absl::Status outputs = CheckOutputs(NameOutputs(options, {.program = options.command[0]}));
  if (!outputs.ok()) return Complain(outputs);
  const auto ruling = MakeRuling(options.rules);
  if (!ruling.ok()) return Complain(ruling.status());
  const auto path = FindProgram(options.command[0], getenv("PATH"));
  if (!path.ok()) return ExitStatusFor(path.status());

  Launch launch = {.program = InspectProgram(*path, Caller::Current()),
                   .command = options.command,
                   .environment = CallersEnvironment(),
                   .open_files = {}};
  getrlimit(RLIMIT_NOFILE, &launch.open_files);
  if (!options.quiet) SayWhatToExpect(*path);

  EarlySymbols symbols;  // its thread must not outlive us
  Recorded recorded = {
      .start = DescribeStart(options.command), .end = {}, .trace = {}, .redact = options.redact, .symbols = &symbols};
  const std::filesystem::path directory(recorded.start.directory());
  // Never taken apart: the process ends with it, and what is large takes long.
  Model* const model = MakeModel([&](const TraceModule& module, uint64_t address) {
                         symbols.Want((directory / module.path()).string(), module.build_id(), address);
                       }).release();
  recorded.start.set_untraced_reason(launch.program.untraced_reason);
  const absl::Status ran = launch.program.untraced_reason.empty()
                               ? RunTraced(launch, options, signals, *model, recorded)
                               : RunUntraced(launch, signals, recorded);
  if (!ran.ok()) return ExitStatusFor(ran);
  const RunOptions named = NameOutputs(options, {.pid = static_cast<pid_t>(recorded.start.root_pid()),
                                                 .started_unix_ns = recorded.start.started_unix_ns(),
                                                 .program = options.command[0]});
  recorded.trace = named.trace;
  return WriteResults(recorded, named, *ruling, *model, signals);
}

}  // namespace fdtrace
