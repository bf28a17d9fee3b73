// All that can fail is done before the fork. The collector begins when what it serves has been told to the shell.
#include "cli/start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/console.h"
#include "cli/job.h"
#include "cli/output_file.h"
#include "cli/output_name.h"
#include "cli/preload.h"
#include "cli/results.h"
#include "collector/model.h"
#include "collector/monotonic_clock.h"
#include "collector/owned_fd.h"
#include "collector/session.h"
#include "collector/session_stop.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

struct Beginning {
  std::vector<ProcessWatch> keepers;
  std::unique_ptr<PreloadLibrary> library;
  std::unique_ptr<Model> model;
  std::unique_ptr<Session> session;
  TraceStart start;
};

absl::Status CheckNoneIsRunning() {
  const char* const running = getenv(kSessionVariable);
  if (running == nullptr || !SessionLives(running)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "cannot start: this shell is being recorded already; run fdtrace stop first, or go on");
}

std::string TracePath(const StartOptions& options, pid_t collector, int64_t started_unix_ns) {
  RunOptions outputs;
  outputs.trace = options.trace;
  return NameOutputs(std::move(outputs),
                     {.pid = collector, .started_unix_ns = started_unix_ns, .program = kSessionName})
      .trace;
}

// The collector is another process, perhaps in another directory, and fdtrace stop reads what it has written.
absl::Status CheckTrace(const std::string& path) {
  if (!IsRegularOrMissing(path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": a recording of many commands needs an ordinary file"));
  }
  RunOptions outputs;
  outputs.trace = path;
  return CheckOutputs(outputs);
}

absl::Status CheckLines(const StartOptions& options) {
  const char* const preload = getenv("LD_PRELOAD");
  if (!options.env || !absl::StrContains(absl::StrCat(options.trace, preload == nullptr ? "" : preload), '\n')) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("cannot start: a name with a newline in it makes no line for --env");
}

absl::StatusOr<std::vector<ProcessWatch>> FindKeepers(const StartOptions& options) {
  std::vector<ProcessWatch> keepers;
  if (options.while_pid == 0) return KeepersFor(getppid());
  keepers.emplace_back(options.while_pid);
  if (!keepers[0].Ended()) return keepers;
  return absl::NotFoundError(absl::StrCat("cannot start: there is no process ", options.while_pid));
}

absl::StatusOr<Beginning> Begin(const StartOptions& options) {
  if (absl::Status status = CheckNoneIsRunning(); !status.ok()) return status;
  if (absl::Status status = CheckTrace(TracePath(options, 0, UnixNs())); !status.ok()) return status;
  if (absl::Status status = CheckLines(options); !status.ok()) return status;
  auto keepers = FindKeepers(options);
  if (!keepers.ok()) return keepers.status();
  auto library = PreloadLibrary::Find();
  if (!library.ok()) return library.status();
  Beginning beginning = {.keepers = *std::move(keepers),
                         .library = *std::move(library),
                         .model = MakeModel(),
                         .session = nullptr,
                         .start = DescribeStart({"fdtrace", "start"})};
  auto session = Session::Open(*beginning.model);
  if (!session.ok()) return session.status();
  beginning.session = *std::move(session);
  beginning.start.set_started_unix_ns(beginning.session->started_unix_ns());
  return beginning;
}

// Entries "NAME=value" for the shell.
std::vector<std::string> ShellEnvironment(const Beginning& beginning, const std::string& trace) {
  std::vector<std::string> environment;
  for (const char* name : {"LD_PRELOAD", "ASAN_OPTIONS"}) {
    if (const char* const value = getenv(name)) environment.push_back(absl::StrCat(name, "=", value));
  }
  environment = TracedEnvironment(std::move(environment), beginning.library->path(), beginning.session->variable());
  environment.push_back(absl::StrCat(kTraceVariable, "=", trace));
  return environment;
}

// In single quotes everything means itself, but for the quote.
std::string ForShell(const std::string& entry) {
  const size_t value = entry.find('=') + 1;
  return absl::StrCat("export ", entry.substr(0, value), "'",
                      absl::StrReplaceAll(entry.substr(value), {{"'", "'\\''"}}), "';\n");
}

absl::Status Print(const std::vector<std::string>& environment, bool as_lines) {
  std::string text;
  for (const std::string& entry : environment) {
    absl::StrAppend(&text, as_lines ? absl::StrCat(entry, "\n") : ForShell(entry));
  }
  if (fputs(text.c_str(), stdout) >= 0 && fflush(stdout) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot start: cannot write to stdout: ", strerror(errno)));
}

std::atomic<Session*> g_served = nullptr;

void StopServing(int) {
  const int error = errno;
  if (Session* const session = g_served.load()) session->Stop();
  errno = error;
}

void Detach() {
  setsid();
  const OwnedFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) dup2(nothing.get(), fd);
}

void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = StopServing;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGTERM, SIGHUP, SIGINT}) sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;  // whoever stops us may be gone, and the trace may outgrow RLIMIT_FSIZE
  for (const int number : {SIGPIPE, SIGXFSZ}) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

RecordingEnd DescribeEnd(const Served& served, const std::string& follow) {
  RecordingEnd end;
  end.duration_ns = served.duration_ns;
  end.some_unheard = served.never_heard_of + served.unreached > 0;
  end.notes = served.notes;
  if (served.images == 0) {
    end.notes.push_back(served.not_followed > 0
                            ? absl::StrCat("no process matched --follow ", follow)
                            : "nothing was recorded: no program was run with the variables that fdtrace start prints");
  }
  return end;
}

// Tells those who asked for the end. One of them adds the symbols: the first; if nobody is there to do it, we do.
void Answer(const std::vector<OwnedFd>& stoppers, const absl::Status& written, const Recorded& recorded) {
  bool told = false;
  for (const OwnedFd& stopper : stoppers) {
    if (told) {
      AnswerStop(stopper,
                 absl::FailedPreconditionError("another fdtrace stop has ended the recording, and reports it"));
    } else if (written.ok()) {
      told = AnswerStop(stopper,
                        StoppedSession{.collector = getpid(), .started_unix_ns = recorded.start.started_unix_ns()});
    } else {
      AnswerStop(stopper, absl::DataLossError(written.message()));
    }
  }
  if (!told && written.ok()) (void)AddSymbolsTelling(recorded.trace);
}

// What the collector does until its end; once GO is ready. Where it never is, nobody knows of us.
int Collect(Beginning beginning, const StartOptions& options, const OwnedFd& go) {
  g_served = beginning.session.get();
  StopOnSignals();
  Detach();
  char ready = 0;
  ssize_t bytes;
  while ((bytes = read(go.get(), &ready, 1)) < 0 && errno == EINTR) {
  }
  if (bytes != 1) return kExitFailed;

  Served served = beginning.session->Serve(
      {.follow = Follow::Of(options.follow), .keepers = beginning.keepers, .leave_out_fdtrace = true});
  g_served = nullptr;
  Recorded recorded = {.start = std::move(beginning.start),
                       .end = DescribeEnd(served, options.follow),
                       .trace = TracePath(options, getpid(), beginning.session->started_unix_ns()),
                       .redact = options.redact};
  const absl::Status written = WriteTrace(recorded, *beginning.model);
  beginning.session.reset();  // who comes now finds nobody
  if (served.outlived + served.never_heard_of > 0) beginning.library->LeaveBehind();
  beginning.library.reset();
  Answer(served.stoppers, written, recorded);
  return written.ok() ? EXIT_SUCCESS : kExitFailed;
}

absl::Status StartCollector(const StartOptions& options) {
  auto beginning = Begin(options);
  if (!beginning.ok()) return beginning.status();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("cannot make a pipe: ", strerror(errno)));
  OwnedFd reading(ends[0]), writing(ends[1]);
  const pid_t collector = fork();
  if (collector < 0) return absl::UnavailableError(absl::StrCat("cannot fork: ", strerror(errno)));
  if (collector == 0) {
    writing = OwnedFd();
    exit(Collect(*std::move(beginning), options, reading));
  }
  beginning->library->LeaveBehind();  // to the collector
  const std::string trace = TracePath(options, collector, beginning->session->started_unix_ns());
  if (absl::Status status = Print(ShellEnvironment(*beginning, trace), options.env); !status.ok()) return status;
  if (write(writing.get(), "", 1) != 1) return absl::UnavailableError("cannot start: the collector has died");
  return absl::OkStatus();
}

}  // namespace

int Start(const StartOptions& options) {
  close_range(STDERR_FILENO + 1, ~0u, 0);  // the collector would keep open what our caller waits to be closed
  StartOptions absolute = options;
  if (absolute.trace.empty()) absolute.trace = "fdtrace.%p.fdt";
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::current_path(error);
  if (error && !absl::StartsWith(absolute.trace, "/")) {
    return Complain(absl::UnavailableError(absl::StrCat("cannot start: no working directory: ", error.message())));
  }
  if (!absl::StartsWith(absolute.trace, "/")) {
    absolute.trace = absl::StrCat(absl::StrReplaceAll(directory.string(), {{"%", "%%"}}), "/", absolute.trace);
  }
  const absl::Status started = StartCollector(absolute);
  return started.ok() ? EXIT_SUCCESS : Complain(started);
}

}  // namespace fdtrace
