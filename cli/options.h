// The command line, read. The program to be traced and its arguments are taken as they are, from after the first "--"
// or from the first word that is no option.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/report_file.h"
#include "cli/rules_options.h"
#include "viewer/shown_stacks.h"

namespace fdtrace {

// Longer than anything runs, and far from overflowing when added to a time.
inline constexpr std::chrono::nanoseconds kForever = std::chrono::hours(24 * 365 * 100);

struct RunOptions {
  std::string trace;  // empty: named after the program and its pid
  std::vector<ReportFile> reports;
  bool quiet = false;
  bool open = false;  // the first page among the reports, in the browser
  ShownFrames frames = ShownFrames::kFolded;
  bool sources = false;        // put into the reports
  bool redact = false;         // see redaction.h
  std::string follow = "all";  // "none": the program's own process alone; else a glob on executables'
  std::chrono::nanoseconds wait = std::chrono::seconds(10);  // for what outlives the program; kForever: no limit
  bool reuse_late = false;                                   // closed numbers stay free for as long as can be
  RulesOptions rules;
  std::vector<std::string> command;  // never empty; the first is the program
};

struct StartOptions {
  std::string trace;           // empty: named after the collector's pid
  std::string follow = "all";  // as in RunOptions, but not "none"
  bool redact = false;         // see redaction.h
  bool env = false;            // NAME=value lines instead of shell code
  pid_t while_pid = 0;         // the process that the recording is for; 0: the one that started fdtrace, see start.h
};

struct StopOptions {
  RunOptions results;  // the reports and how to show them; nothing else is meant
};

struct ReportOptions {
  std::string trace;
  ReportFormat format = ReportFormat::kText;
  std::string output;  // empty: stdout
  bool open = false;   // in the browser
  ShownFrames frames = ShownFrames::kFolded;
  bool sources = false;
  bool redact = false;  // see redaction.h
  RulesOptions rules;
};

struct MergeOptions {
  std::vector<std::string> recordings;  // traces or JSON reports; never empty
  ReportOptions report;                 // its trace is empty
};

enum class DiffFormat { kText, kJson, kMarkdown };

struct DiffOptions {
  std::string base, now;  // traces or JSON reports
  DiffFormat format = DiffFormat::kText;
  std::string output;      // empty: stdout
  int error_exitcode = 0;  // to exit with when something is new or has grown; 0: not given
};

// Asked for by --help or --version: to be printed on stdout.
struct Answer {
  std::string text;
};

using Options = std::variant<RunOptions, StartOptions, StopOptions, ReportOptions, MergeOptions, DiffOptions, Answer>;

// The first of them that is one; else null.
const ReportFile* PageOf(const std::vector<ReportFile>& reports);

// ARGUMENTS without the name of the executable. An error is one line that says what to do.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

}  // namespace fdtrace
