// Reports with findings, for the tests of the forms.
#pragma once

#include <string>

#include "findings/finding.h"
#include "proto/report.pb.h"
#include "viewer/frames.h"

namespace fdtrace {

inline void AddFrame(const std::string& function, const std::string& file, uint32_t line, Frames* stack) {
  Frame& frame = *stack->Add();
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(file.empty() ? 0 : line);
  frame.set_module("/work/app/build/app");
}

// Of a run of "./app --once" in /work/app that ended with status 3.
inline Report EmptyReport() {
  Report report;
  Recording& recording = *report.mutable_recording();
  recording.add_command("./app");
  recording.add_command("--once");
  recording.set_started_at("2026-01-02T03:04:05.678Z");
  recording.set_duration_ns(1'500'000'000);
  recording.set_exit_status(3);
  recording.set_complete(true);
  report.add_processes()->set_executable("/work/app/build/app");
  return report;
}

// Opened in FUNCTION, at line LINE of FILE, below main. An empty file: without source.
inline LeakSite& AddLeak(const std::string& function, const std::string& file, uint32_t line, Report& report) {
  LeakSite& leak = *report.add_leaks();
  leak.set_verdict(LeakSite::GROWING);
  leak.set_resource("file");
  leak.set_call("open");
  leak.set_opened(40);
  leak.set_still_open(30);
  AddFrame(function, file, line, leak.mutable_stack());
  AddFrame("main", file.empty() ? "" : "/work/app/src/main.c", 9, leak.mutable_stack());
  return leak;
}

inline BadClose& AddDoubleClose(const std::string& function, const std::string& file, uint32_t line, Report& report) {
  BadClose& close = *report.add_bad_closes();
  close.set_kind(BadClose::DOUBLE_CLOSE);
  close.set_fd(5);
  close.set_count(2);
  AddFrame(function, file, line, close.mutable_stack());
  return close;
}

// As judging leaves the finding at INDEX.
inline void Fail(int index, Report& report) { report.mutable_findings(index)->set_fails(true); }

inline void Suppress(int index, Report& report) {
  Finding& finding = *report.mutable_findings(index);
  finding.set_suppressed(finding.count());
  finding.set_left(0);
}

inline void Allow(int index, Report& report) {
  Finding& finding = *report.mutable_findings(index);
  finding.set_allowed(finding.count());
  finding.set_left(0);
  finding.set_baseline(Finding::UNCHANGED);
}

// COUNT leaks of different lines, the last of which fails.
inline Report ManyLeaks(int count, int frames = 12) {
  Report report = EmptyReport();
  for (int i = 0; i < count; ++i) {
    LeakSite& leak = AddLeak("load_" + std::to_string(i), "/work/app/src/load.c", i + 1, report);
    while (leak.stack_size() < frames)
      AddFrame("walk", "/work/app/src/walk.c", leak.stack_size(), leak.mutable_stack());
  }
  AddFindings(report);
  if (count > 0) Fail(count - 1, report);
  return report;
}

inline constexpr char kRoot[] = "/work/app";

// What tries to be anything but a name.
inline constexpr char kOddName[] = "/work/app/a|b`c<img src=x>&*_[x](y)\n\r\x01\x1b[31m::error::%,\xff.c";

}  // namespace fdtrace
