// The viewer works on a trace file, so there always is one: on a disk that takes none, one in memory.
#include "cli/results.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/browser.h"
#include "cli/console.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "collector/owned_fd.h"
#include "proto/trace_file.h"
#include "viewer/findings_text.h"
#include "viewer/report_builder.h"
#include "viewer/sources.h"
#include "viewer/symbolizer.h"
#include "viewer/text.h"
#include "viewer/trace.h"

namespace fdtrace {
namespace {

absl::Status WriteTrace(const Recorded& recorded, Model& model, const std::string& path) {
  auto writer = TraceWriter::Create(path);
  if (!writer.ok()) return writer.status();
  TraceRecord start;
  *start.mutable_start() = recorded.start;
  if (absl::Status status = (*writer)->Append(start); !status.ok()) return status;
  if (absl::Status status = model.Write(recorded.end, **writer); !status.ok()) return status;
  return (*writer)->Close();
}

// A pipe or device can be written, but not read again.
bool IsRegularOrMissing(const std::string& path) {
  struct stat file;
  return stat(path.c_str(), &file) != 0 || S_ISREG(file.st_mode);
}

absl::Status Copy(const std::string& from, const std::string& to) {
  std::ostringstream bytes;
  bytes << std::ifstream(from, std::ios::binary).rdbuf();
  return WriteWhole(to, bytes.str());
}

bool Succeeded(const absl::Status& status) {
  if (!status.ok()) Complain(status);
  return status.ok();
}

// Looking up thousands of addresses in large programs takes its time, and whoever waits at a terminal is told.
absl::Status AddSymbolsTelling(const std::string& trace) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  bool told = false;
  const absl::Status status = AddSymbols(trace, [&](size_t done, size_t total) {
    if (!isatty(STDERR_FILENO) || Clock::now() - began < std::chrono::seconds(1)) return;
    told = true;
    dprintf(STDERR_FILENO, "\rfdtrace: looking up symbols: %zu of %zu", done, total);
  });
  if (told) dprintf(STDERR_FILENO, "\r\x1b[K");  // clears the line
  return status;
}

void Summarize(const Report& report, const Recorded& recorded, bool have_trace) {
  std::string text = RenderText(report, {.colours = ColoursOn(STDERR_FILENO)});
  if (have_trace) {
    absl::StrAppend(&text, "\nlook closer: fdtrace report ", recorded.trace, "\ntrace: ", recorded.trace, "\n");
  }
  (void)!write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

int WriteResults(const Recorded& recorded, const RunOptions& options, const Ruling& ruling, Model& model,
                 SignalRelay& signals) {
  // The program's own failure says more than ours.
  const int failed = recorded.end.exit_status != 0 ? recorded.end.exit_status : kExitFailed;
  const bool readable = IsRegularOrMissing(recorded.trace);
  bool written =
      readable &&
      Succeeded(WriteWhole(recorded.trace, [&](const std::string& path) { return WriteTrace(recorded, model, path); }));
  const bool in_file = written;
  std::string trace = recorded.trace;
  OwnedFd memory;
  if (!in_file) {
    memory = OwnedFd(memfd_create("fdtrace-trace", MFD_CLOEXEC));
    trace = absl::StrCat("/proc/self/fd/", memory.get());
    if (!Succeeded(WriteTrace(recorded, model, trace))) return failed;
  }
  signals.Release();
  if (!Succeeded(AddSymbolsTelling(trace))) written = false;
  if (!readable) written = Succeeded(Copy(trace, recorded.trace));

  const auto records = ReadTrace(trace);
  if (!Succeeded(records.status())) return failed;
  Report report = BuildReport(*records, options.frames);
  if (options.sources) AddSources(*records, report);
  Judge(ruling, report);
  const int status = JudgedStatus(report, recorded.end.exit_status);
  for (const ReportFile& file : options.reports) {
    const auto text = Render(report, file.format);
    if (!Succeeded(text.ok() ? WriteWhole(file.path, *text) : text.status())) written = false;
    if (file.format == ReportFormat::kGithub && !Succeeded(AppendStepSummary(report))) written = false;
  }
  if (!options.quiet) Summarize(report, recorded, in_file);
  if (options.quiet && status != recorded.end.exit_status) Say(VerdictLine(report));
  // What the program did is recorded: that nobody can be shown it is told, and changes no status.
  if (options.open && written) Succeeded(OpenInBrowser(PageOf(options.reports)->path));
  return written ? status : failed;
}

}  // namespace fdtrace
