// Fills the report's parts; what takes thought has a file of its own.
#include "viewer/report_builder.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "viewer/bad_closes.h"
#include "viewer/collected.h"
#include "viewer/count.h"
#include "viewer/failures.h"
#include "viewer/filesystems.h"
#include "viewer/inherited.h"
#include "viewer/leaks.h"
#include "viewer/leftovers.h"
#include "viewer/notes.h"
#include "viewer/pinned.h"
#include "viewer/printable.h"
#include "viewer/shown_stacks.h"
#include "viewer/tests.h"
#include "viewer/writers.h"

namespace fdtrace {
namespace {

void FillStart(const TraceStart& start, Recording& recording) {
  for (const std::string& word : start.command()) recording.add_command(Printable(word));
  recording.set_session(start.root_pid() == 0);
  recording.set_started_at(
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixNanos(start.started_unix_ns()), absl::UTCTimeZone()));
}

void FillEnd(const TraceEnd& end, Recording& recording) {
  recording.set_duration_ns(Signed(end.duration_ns()));
  recording.set_exit_status(end.exit_status());
  recording.set_signal(end.signal());
  recording.set_events(Signed(end.events()));
  recording.set_events_lost(Signed(end.events_lost()));
  recording.mutable_corrections()->set_opened_unseen(Count(end.opened_unseen()));
  recording.mutable_corrections()->set_closed_unseen(Count(end.closed_unseen()));
  recording.set_opened(Count(end.opened()));
}

// What the end would have said, as far as the processes know it.
void FillFromProcesses(const std::vector<TraceProcess>& processes, Recording& recording) {
  uint64_t events = 0;
  uint64_t events_lost = 0;
  uint64_t opened_unseen = 0;
  uint64_t closed_unseen = 0;
  uint64_t opened = 0;
  for (const TraceProcess& process : processes) {
    events += process.events();
    events_lost += process.events_lost();
    opened_unseen += process.opened_unseen();
    closed_unseen += process.closed_unseen();
    opened += process.opened();
  }
  recording.set_events(Signed(events));
  recording.set_events_lost(Signed(events_lost));
  recording.mutable_corrections()->set_opened_unseen(Count(opened_unseen));
  recording.mutable_corrections()->set_closed_unseen(Count(closed_unseen));
  recording.set_opened(Count(opened));
}

void FillRecording(const Trace& trace, Recording& recording) {
  recording.mutable_corrections();
  if (trace.start) FillStart(*trace.start, recording);
  if (trace.end) {
    FillEnd(*trace.end, recording);
  } else {
    FillFromProcesses(trace.processes, recording);
  }
  uint64_t still_open = 0;
  for (const TraceSite& site : trace.sites) still_open += site.still_open();
  recording.set_still_open(Count(still_open));
  const bool followed = trace.start && trace.start->untraced_reason().empty();
  recording.set_complete(followed && trace.end && trace.end->complete() && trace.damage.empty() && AddsUp(trace));
  for (const std::string& note : NotesOn(trace)) recording.add_notes(note);
}

Process::End Shown(TraceProcess::End end) {
  switch (end) {
    case TraceProcess::ALIVE:
      return Process::ALIVE;
    case TraceProcess::EXITED:
      return Process::EXITED;
    case TraceProcess::VANISHED:
      return Process::VANISHED;
    case TraceProcess::UNTRACED:
      return Process::UNTRACED;
    default:
      return Process::END_UNKNOWN;  // of a later version
  }
}

Process Shown(const TraceProcess& process) {
  Process shown;
  shown.set_pid(process.pid());
  shown.set_parent_pid(process.parent_pid());
  shown.set_executable(Printable(process.executable()));
  for (const std::string& word : process.command_line()) shown.add_command_line(Printable(word));
  shown.set_started_ns(Signed(process.started_ns()));
  shown.set_ended_ns(Signed(process.ended_ns()));
  shown.set_nofile_soft(Signed(process.nofile_soft()));
  shown.set_nofile_hard(Signed(process.nofile_hard()));
  shown.set_peak_open(process.peak_open());
  shown.set_open_at_exit(process.open_at_exit());
  shown.set_untraced_reason(Printable(process.untraced_reason()));
  shown.set_opened(Count(process.opened()));
  shown.set_end(Shown(process.end()));
  return shown;
}

void FillProcesses(const Trace& trace, Report& report) {
  for (const TraceProcess& process : trace.processes) *report.add_processes() = Shown(process);
  if (!trace.start) return;
  const TraceStart& start = *trace.start;
  const auto is_root = [&](const Process& process) { return process.pid() == start.root_pid(); };
  auto& processes = *report.mutable_processes();
  std::stable_partition(processes.begin(), processes.end(), is_root);
  if (start.untraced_reason().empty()) return;
  // It never said hello, so that the collector knows it by its number alone.
  if (processes.empty() || !is_root(processes[0])) {
    Process& root = *report.add_processes();
    root.set_pid(start.root_pid());
    for (const std::string& word : start.command()) root.add_command_line(Printable(word));
    if (start.command_size() > 0) root.set_executable(Printable(start.command(0)));
    std::stable_partition(processes.begin(), processes.end(), is_root);
  }
  processes[0].set_untraced_reason(Printable(start.untraced_reason()));
}

// The windows of descriptors where there are any, else the shortest of a file system.
uint64_t WindowOf(const Trace& trace) {
  if (trace.timeline) return trace.timeline->window_ns();
  uint64_t shortest = 0;
  for (const TraceFilesystem& filesystem : trace.filesystems) {
    if (shortest == 0 || filesystem.window_ns() < shortest) shortest = filesystem.window_ns();
  }
  return shortest;
}

// A limit belongs to one process: beside the count of all, it says something only when there is but one.
void FillTimeline(const Trace& trace, Report& report) {
  const uint64_t window_ns = WindowOf(trace);
  const std::vector<uint64_t> pinned = PinnedOverTime(trace, window_ns);
  const size_t windows = trace.timeline ? static_cast<size_t>(trace.timeline->open_size()) : pinned.size();
  const int64_t limit = trace.processes.size() == 1 ? Signed(trace.processes[0].nofile_soft()) : 0;
  for (size_t i = 0; i < windows; ++i) {
    TimelinePoint& point = *report.add_timeline();
    point.set_at_ns(Signed(window_ns * i));
    if (trace.timeline) point.set_open(trace.timeline->open(static_cast<int>(i)));
    if (i < pinned.size()) point.set_pinned_bytes(Signed(pinned[i]));
    point.set_limit(limit);
  }
}

}  // namespace

Report BuildReport(const Trace& trace, ShownFrames frames) {
  Report report;
  FillRecording(trace, *report.mutable_recording());
  FillProcesses(trace, report);
  ShownStacks stacks(trace, frames);
  *report.mutable_leaks() = LeaksOf(trace, stacks);
  *report.mutable_pinned_files() = PinnedFilesOf(trace, stacks);
  *report.mutable_pinned_sites() = PinnedSitesOf(trace, stacks);
  *report.mutable_pinned_filesystems() = PinnedFilesystemsOf(trace, stacks);
  *report.mutable_bad_closes() = BadClosesOf(trace, stacks);
  *report.mutable_leftovers() = LeftoversOf(trace, stacks);
  *report.mutable_writers() = WritersOf(trace, stacks);
  *report.mutable_collected() = CollectedOf(trace, stacks);
  *report.mutable_failures() = FailuresOf(trace, stacks);
  *report.mutable_inherited() = InheritedOf(trace, stacks);
  *report.mutable_tests() = Tests(trace).Rows(report.leaks());
  FillTimeline(trace, report);
  return report;
}

}  // namespace fdtrace
