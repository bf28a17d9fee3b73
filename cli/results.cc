// The viewer works on a trace file, so there always is one: on a disk that takes none, one in memory.
#include "cli/results.h"

#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/browser.h"
#include "cli/console.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "collector/monotonic_clock.h"
#include "collector/owned_fd.h"
#include "proto/redaction.h"
#include "proto/trace_file.h"
#include "viewer/findings_text.h"
#include "viewer/report_builder.h"
#include "viewer/sources.h"
#include "viewer/symbolizer.h"
#include "viewer/text.h"
#include "viewer/trace.h"

namespace fdtrace {
namespace {

absl::Status WriteTraceTo(const Recorded& recorded, Model& model, const std::string& path) {
  auto writer = TraceWriter::Create(path);
  if (!writer.ok()) return writer.status();
  TraceRecord start;
  *start.mutable_start() = recorded.start;
  if (absl::Status status = (*writer)->Append(start); !status.ok()) return status;
  if (absl::Status status = model.Write(recorded.end, **writer); !status.ok()) return status;
  return (*writer)->Close();
}

// A trace that is in no file.
class MemoryTrace {
 public:
  MemoryTrace() : memory_(memfd_create("fdtrace-trace", MFD_CLOEXEC)) {}
  std::string path() const { return absl::StrCat("/proc/self/fd/", memory_.get()); }

 private:
  OwnedFd memory_;
};

absl::Status Copy(const std::string& from, const std::string& to) {
  std::ostringstream bytes;
  bytes << std::ifstream(from, std::ios::binary).rdbuf();
  return WriteWhole(to, bytes.str());
}

// No file ever holds what is to be hidden. Symbols are looked up while it is known in which files.
absl::Status WriteRedactedTrace(const Recorded& recorded, Model& model) {
  const MemoryTrace memory;
  if (absl::Status status = WriteTraceTo(recorded, model, memory.path()); !status.ok()) return status;
  if (absl::Status status = AddSymbolsTelling(memory.path(), recorded.symbols); !status.ok()) Complain(status);
  return WriteWhole(recorded.trace, Readers::kOwner,
                    [&](const std::string& path) { return CopyRedacted(memory.path(), path); });
}

// The program's own failure says more than ours.
int FailedWith(int status) { return status != 0 ? status : kExitFailed; }

bool Succeeded(const absl::Status& status) {
  if (!status.ok()) Complain(status);
  return status.ok();
}

// To be read, or to judge by.
bool IsReportWanted(const RunOptions& options, const Ruling& ruling) {
  return !options.quiet || !options.reports.empty() || options.open || ruling.error_exitcode != 0;
}

void Summarize(const Report& report, const std::string& trace) {
  std::string text = RenderText(report, {.colours = ColoursOn(STDERR_FILENO)});
  if (!trace.empty()) absl::StrAppend(&text, "\nlook closer: fdtrace report ", trace, "\ntrace: ", trace, "\n");
  (void)!write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

TraceStart DescribeStart(const std::vector<std::string>& command) {
  TraceStart start;
  for (const std::string& word : command) start.add_command(word);
  std::error_code error;
  start.set_directory(std::filesystem::current_path(error).string());
  start.set_started_unix_ns(UnixNs());
  start.set_tool_version(FDTRACE_VERSION);
  utsname host;
  if (uname(&host) == 0) start.set_host_kernel(absl::StrCat(host.sysname, " ", host.release, " ", host.machine));
  return start;
}

absl::Status WriteTrace(const Recorded& recorded, Model& model) {
  if (recorded.redact) return WriteRedactedTrace(recorded, model);
  // Command lines and paths may hold secrets.
  return WriteWhole(recorded.trace, Readers::kOwner,
                    [&](const std::string& path) { return WriteTraceTo(recorded, model, path); });
}

absl::Status AddSymbolsTelling(const std::string& trace, EarlySymbols* early) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  bool told = false;
  const auto tell = [&](size_t done, size_t total) {
    if (!isatty(STDERR_FILENO) || Clock::now() - began < std::chrono::seconds(1)) return;
    told = true;
    dprintf(STDERR_FILENO, "\rfdtrace: looking up symbols: %zu of %zu", done, total);
  };
  absl::Status status = AddSymbols(trace, tell, early);
  if (told) dprintf(STDERR_FILENO, "\r\x1b[K");  // clears the line
  return status;
}

int WriteResults(const Recorded& recorded, const RunOptions& options, const Ruling& ruling, Model& model,
                 SignalRelay& signals) {
  const int status = recorded.end.exit_status;
  const bool readable = IsRegularOrMissing(recorded.trace);
  bool written = readable && Succeeded(WriteTrace(recorded, model));
  const bool in_file = written;
  std::string trace = recorded.trace;
  std::optional<MemoryTrace> memory;
  if (!in_file) {
    trace = memory.emplace().path();
    if (!Succeeded(WriteTraceTo(recorded, model, trace))) return FailedWith(status);
  }
  signals.Release();
  if (!Succeeded(AddSymbolsTelling(trace, recorded.symbols))) written = false;
  if (!readable) {
    written = Succeeded(recorded.redact ? CopyRedacted(trace, recorded.trace) : Copy(trace, recorded.trace));
  }
  if (!IsReportWanted(options, ruling)) return written ? status : FailedWith(status);
  const int shown = ShowTrace(trace, in_file ? recorded.trace : "", options, ruling, status);
  return written ? shown : FailedWith(status);
}

int ShowTrace(const std::string& trace, const std::string& name, const RunOptions& options, const Ruling& ruling,
              int status) {
  bool written = true;
  const auto records = ReadTrace(trace, options.redact ? Secrets::kRedacted : Secrets::kShown);
  if (!Succeeded(records.status())) return FailedWith(status);
  Report report = BuildReport(*records, options.frames);
  if (options.sources) AddSources(*records, report);
  Judge(ruling, report);
  for (const ReportFile& file : options.reports) {
    const auto text = Render(report, file.format);
    if (!Succeeded(text.ok() ? WriteWhole(file.path, *text) : text.status())) written = false;
    if (file.format == ReportFormat::kGithub && !Succeeded(AppendStepSummary(report))) written = false;
  }
  if (!options.quiet) Summarize(report, name);
  const int judged = JudgedStatus(report, status);
  if (options.quiet && judged != status) Say(VerdictLine(report));
  // What the program did is recorded: that nobody can be shown it is told, and changes no status.
  if (options.open && written) Succeeded(OpenInBrowser(PageOf(options.reports)->path));
  return written ? judged : FailedWith(status);
}

}  // namespace fdtrace
