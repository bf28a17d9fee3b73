// CLI11 reads the options; what belongs to the traced program is cut off before it can look at it.
#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "cli/options_only.h"

namespace fdtrace {
namespace {

using Words = std::vector<std::string>;

constexpr char kUsage[] =
    "fdtrace: which code leaks file descriptors?\n\n"
    "Usage: fdtrace [run] [options] -- PROGRAM [ARGS...]   run PROGRAM and record\n"
    "       fdtrace report TRACE [--format F] [-o FILE]    show a recording again\n"
    "       fdtrace diff|merge|start|stop --help           for CI; see --help-ci, too\n";

constexpr char kRunNotes[] =
    "PROGRAM keeps its input, output, signals and exit status (128+N if signal N\n"
    "killed it); 125 fdtrace failed, 126 PROGRAM is not executable, 127 not found.\n"
    "The summary goes to stderr. --follow none records PROGRAM's own process; a\n"
    "PATTERN like 'gcc*' those it matches. Once PROGRAM has ended, Ctrl-C ends all.\n"
    "Example: fdtrace -r leaks.html -- python3 app.py --port 8080\n";

constexpr char kStartUsage[] = "Usage: eval \"$(fdtrace start [options])\"\n";
constexpr char kStopUsage[] = "Usage: fdtrace stop [options]\n";
constexpr char kSessionNotes[] =
    "\nAll that this shell runs from start to stop is one recording. In FILE, %p is the\n"
    "collector's pid, %t when recording started, %n session, %% a percent sign.\n"
    "\nExample: eval \"$(fdtrace start -o ci.fdt)\"; make check; fdtrace stop -r a.html\n";

// How many of WORDS, from the first, are options and their values: all before "--" or the first word that is no option.
size_t CountOptionWords(const CLI::App& app, const Words& words) {
  for (size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "--" || word.size() < 2 || word[0] != '-') return at;
    const auto takes_value = [&](const std::string& name) {
      const CLI::Option* option = app.get_option_no_throw(name);
      return option != nullptr && option->get_items_expected_max() > 0;
    };
    if (word[1] == '-') {
      if (takes_value(word)) ++at;  // "--output=FILE" is no option's name
      continue;
    }
    // "-qoFILE" and "-qo FILE": the first letter that takes a value has the rest of the word, or the next word.
    for (size_t letter = 1; letter < word.size(); ++letter) {
      if (!takes_value({'-', word[letter]})) continue;
      if (letter + 1 == word.size()) ++at;
      break;
    }
  }
  return words.size();
}

// CLI11 takes its words in reverse. Its messages may span lines.
absl::Status Parse(CLI::App& app, Words words) {
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ExtrasError&) {
    const Words extra = app.remaining();
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", extra.empty() ? "the options" : extra.front(),
                                                   ": no such option; see fdtrace --help"));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read the options: ", absl::StrReplaceAll(error.what(), {{"\n", "; "}}), "; see fdtrace --help"));
  }
  return absl::OkStatus();
}

void AddFramesOption(CLI::App& app, ShownFrames& frames) {
  const std::map<std::string, ShownFrames> choices = {{"own", ShownFrames::kFolded}, {"all", ShownFrames::kAll}};
  app.add_option("--frames", frames, "all: the Python interpreter's too (default own)")
      ->type_name("own|all")
      ->transform(CLI::CheckedTransformer(choices).description(""));
}

void AddSourcesOption(CLI::App& app, bool& sources) {
  app.add_flag("--sources", sources, "put source lines into the report");
}

void AddRedactOption(CLI::App& app, bool& redact) {
  app.add_flag("--redact", redact, "hide commands' arguments and names of files");
}

void AddOpenOption(CLI::App& app, bool& open) { app.add_flag("--open", open, "open the .html report in the browser"); }

// What is the same for all commands that show a report.
class ReportParser {
 public:
  explicit ReportParser(const std::string& usage) : usage_(usage) {
    app_.set_help_flag();
    app_.formatter(std::make_shared<OptionsOnly>());
    app_.add_option("-o,--output", options_.output, "write there instead of to stdout")->type_name("FILE");
    AddFramesOption(app_, options_.frames);
    AddSourcesOption(app_, options_.sources);
    AddRedactOption(app_, options_.redact);
    app_.add_option("--format", format_, "text json html sarif markdown junit github gitlab")->type_name("F");
    AddOpenOption(app_, options_.open);
    AddRulesOptions(app_, options_.rules);
    app_.get_option("--error-exitcode")
        ->group("Options")
        ->description("exit with N when a finding fails; see --help-ci");
    app_.add_flag("-h,--help", help_, "print this and exit");
  }

  CLI::App& app() { return app_; }

  absl::Status Parse(const Words& words) {
    if (absl::Status status = fdtrace::Parse(app_, words); !status.ok() || help_) return status;
    if (absl::Status status = CheckRules(options_.rules); !status.ok()) return status;
    if (!format_.empty()) {
      const auto parsed = ParseReportFormat(format_);
      if (!parsed.ok()) return parsed.status();
      options_.format = *parsed;
    } else if (!options_.output.empty()) {
      const auto file = ParseReportFile(options_.output);
      if (!file.ok()) return file.status();
      options_.format = file->format;
      options_.output = file->path;
    }
    if (options_.open && (options_.output.empty() || options_.format != ReportFormat::kHtml)) {
      return absl::InvalidArgumentError("cannot open the report in a browser: it needs a page; add -o FILE.html");
    }
    return absl::OkStatus();
  }

  bool help() const { return help_; }
  Answer Help() const { return Answer{absl::StrCat(usage_, "\n", app_.help())}; }
  ReportOptions& options() { return options_; }

 private:
  CLI::App app_;
  std::string usage_;
  ReportOptions options_;
  std::string format_;
  bool help_ = false;
};

absl::StatusOr<Options> ParseReport(const Words& words) {
  ReportParser parser("Usage: fdtrace report TRACE [options]\n");
  parser.app().add_option("TRACE", parser.options().trace);
  if (absl::Status status = parser.Parse(words); !status.ok()) return status;
  if (parser.help()) return parser.Help();
  if (parser.options().trace.empty()) {
    return absl::InvalidArgumentError("cannot report: no trace given; write fdtrace report TRACE");
  }
  return parser.options();
}

absl::StatusOr<Options> ParseMerge(const Words& words) {
  ReportParser parser("Usage: fdtrace merge RECORDING... [options]   of traces or JSON reports\n");
  MergeOptions options;
  parser.app().add_option("RECORDING", options.recordings);
  if (absl::Status status = parser.Parse(words); !status.ok()) return status;
  if (parser.help()) return parser.Help();
  if (options.recordings.empty()) {
    return absl::InvalidArgumentError("cannot merge: no recording given; write fdtrace merge TRACE TRACE");
  }
  options.report = parser.options();
  if (options.report.redact) {
    return absl::InvalidArgumentError(
        "cannot merge with --redact: give it to fdtrace report, and merge the JSON reports it writes");
  }
  if (options.report.sources || options.report.frames == ShownFrames::kAll) {
    return absl::InvalidArgumentError(
        "cannot merge with --sources or --frames: give them to fdtrace report, and merge the JSON reports it writes");
  }
  return options;
}

absl::StatusOr<DiffFormat> ParseDiffFormat(const std::string& format, const std::string& output) {
  if (format == "json" || (format.empty() && absl::EndsWith(output, ".json"))) return DiffFormat::kJson;
  if (format == "markdown" || (format.empty() && absl::EndsWith(output, ".md"))) return DiffFormat::kMarkdown;
  if (format == "text" || format.empty()) return DiffFormat::kText;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot write the format ", format, ": a diff is text, json or markdown"));
}

absl::StatusOr<Options> ParseDiff(const Words& words) {
  DiffOptions options;
  std::string format;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  app.formatter(std::make_shared<OptionsOnly>());
  app.add_option("BASE", options.base);
  app.add_option("NEW", options.now);
  app.add_option("-o,--output", options.output, "write there instead of to stdout")->type_name("FILE");
  app.add_option("--format", format, "text, json or markdown; else by FILE")->type_name("F");
  app.add_option("--error-exitcode", options.error_exitcode, "exit with N when something is new or has grown")
      ->type_name("N");
  app.add_flag("-h,--help", help, "print this and exit");
  if (absl::Status status = Parse(app, words); !status.ok()) return status;
  if (help) {
    return Answer{absl::StrCat("Usage: fdtrace diff BASE NEW [options]   of traces or JSON reports\n\n", app.help())};
  }
  if (options.now.empty()) {
    return absl::InvalidArgumentError("cannot compare: two recordings are needed; write fdtrace diff BASE NEW");
  }
  if (absl::Status status = CheckRules({.error_exitcode = options.error_exitcode}); !status.ok()) return status;
  const auto parsed = ParseDiffFormat(format, options.output);
  if (!parsed.ok()) return parsed.status();
  options.format = *parsed;
  return options;
}

void AddReportsOption(CLI::App& app, Words& reports) {
  app.add_option("-r,--report", reports, "also write .html .txt .json .sarif .md junit: ...")
      ->type_name("[FORMAT:]FILE")
      ->expected(1)
      ->take_all();
}

absl::Status ReadReports(const Words& reports, RunOptions& options) {
  for (const std::string& report : reports) {
    auto file = ParseReportFile(report);
    if (!file.ok()) return file.status();
    options.reports.push_back(*std::move(file));
  }
  if (options.open && PageOf(options.reports) == nullptr) {
    return absl::InvalidArgumentError("cannot open the report in a browser: it needs a page; add -r FILE.html");
  }
  return absl::OkStatus();
}

absl::Status CheckPattern(const std::string& follow) {
  if (!follow.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "cannot follow programs without a name: give all, none or a pattern; see fdtrace --help");
}

absl::StatusOr<Options> ParseStart(const Words& words) {
  StartOptions options;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  app.formatter(std::make_shared<OptionsOnly>());
  app.add_option("-o,--output", options.trace, "the trace (default fdtrace.PID.fdt)")->type_name("FILE");
  app.add_option("--follow", options.follow, "processes to record (default all)")->type_name("all|PATTERN");
  AddRedactOption(app, options.redact);
  app.add_flag("--env", options.env, "print NAME=value lines, as for $GITHUB_ENV");
  app.add_option("--while-pid", options.while_pid, "end by itself after PID (default: the shell)")
      ->type_name("PID")
      ->check(CLI::Range(1, std::numeric_limits<pid_t>::max()).description(""));
  app.add_flag("-h,--help", help, "print this and exit");
  if (absl::Status status = Parse(app, words); !status.ok()) return status;
  if (help) return Answer{absl::StrCat(kStartUsage, app.help(), kSessionNotes)};
  if (absl::Status status = CheckPattern(options.follow); !status.ok()) return status;
  if (options.follow == "none") {
    return absl::InvalidArgumentError(
        "cannot follow none: a recording of many commands has no program of its own; give all or a pattern");
  }
  return options;
}

absl::StatusOr<Options> ParseStop(const Words& words) {
  StopOptions options;
  Words reports;
  bool help = false;
  CLI::App app;
  app.set_help_flag();
  app.formatter(std::make_shared<OptionsOnly>());
  AddReportsOption(app, reports);
  AddFramesOption(app, options.results.frames);
  AddSourcesOption(app, options.results.sources);
  AddOpenOption(app, options.results.open);
  AddRulesOptions(app, options.results.rules);
  app.get_option("--error-exitcode")->group("Options")->description("exit with N when a finding fails; see --help-ci");
  app.add_flag("-q,--quiet", options.results.quiet, "no summary");
  app.add_flag("-h,--help", help, "print this and exit");
  if (absl::Status status = Parse(app, words); !status.ok()) return status;
  if (help) return Answer{absl::StrCat(kStopUsage, app.help(), kSessionNotes)};
  if (absl::Status status = CheckRules(options.results.rules); !status.ok()) return status;
  if (absl::Status status = ReadReports(reports, options.results); !status.ok()) return status;
  return options;
}

absl::StatusOr<std::chrono::nanoseconds> ParseWait(const std::string& text) {
  if (text == "forever") return kForever;
  double seconds = 0;
  if (!absl::SimpleAtod(text, &seconds) || !(seconds >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot wait ", text, ": give a number of seconds, or forever; see fdtrace --help"));
  }
  if (seconds >= std::chrono::duration<double>(kForever).count()) return kForever;
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

absl::StatusOr<Options> ParseRun(const Words& words) {
  RunOptions options;
  Words reports;
  std::string wait = "10";
  std::string reuse;
  bool help = false, help_ci = false, version = false;
  CLI::App app;
  app.set_help_flag();
  app.formatter(std::make_shared<OptionsOnly>());
  app.add_option("-o,--output", options.trace, "the trace (default fdtrace.PROGRAM.PID.fdt)")->type_name("FILE");
  AddReportsOption(app, reports);
  AddRulesOptions(app, options.rules);
  app.get_option("--error-exitcode")->group("Options")->description("exit with N when it leaks; more: --help-ci");
  app.add_option("--follow", options.follow, "processes to record (default all)")->type_name("all|none|PATTERN");
  AddFramesOption(app, options.frames);
  AddSourcesOption(app, options.sources);
  AddRedactOption(app, options.redact);
  app.add_option("--wait", wait, "record so long what outlives PROGRAM (default 10)")->type_name("SECONDS|forever");
  app.add_option("--reuse", reuse, "use closed numbers again as late as possible")
      ->type_name("late")
      ->transform(CLI::IsMember({"late"}).description(""));
  AddOpenOption(app, options.open);
  app.add_flag("-q,--quiet", options.quiet, "no summary");
  app.add_flag("-h,--help", help)->group("");
  app.add_flag("--help-ci", help_ci)->group("");
  app.add_flag("--version", version, "print the version and exit")->group("");

  const absl::Span<const std::string> all = words;
  const size_t count = CountOptionWords(app, words);
  const auto own = all.first(std::min(count, all.size()));
  if (absl::Status status = Parse(app, Words(own.begin(), own.end())); !status.ok()) return status;
  if (help) return Answer{absl::StrCat(kUsage, app.help(), kRunNotes)};
  if (help_ci) return Answer{RulesHelp()};
  if (version) return Answer{"fdtrace " FDTRACE_VERSION "\n"};

  if (absl::Status status = CheckRules(options.rules); !status.ok()) return status;
  if (absl::Status status = ReadReports(reports, options); !status.ok()) return status;
  const auto parsed_wait = ParseWait(wait);
  if (!parsed_wait.ok()) return parsed_wait.status();
  options.wait = *parsed_wait;
  if (absl::Status status = CheckPattern(options.follow); !status.ok()) return status;
  options.reuse_late = !reuse.empty();
  const size_t program = count < words.size() && words[count] == "--" ? count + 1 : count;
  if (program >= words.size()) {
    return absl::InvalidArgumentError(
        "cannot run: no program given; write fdtrace -- PROGRAM ARGS, or see fdtrace --help");
  }
  const auto command = all.subspan(program);
  options.command.assign(command.begin(), command.end());
  return options;
}

}  // namespace

const ReportFile* PageOf(const std::vector<ReportFile>& reports) {
  const auto found = std::find_if(reports.begin(), reports.end(),
                                  [](const ReportFile& report) { return report.format == ReportFormat::kHtml; });
  return found == reports.end() ? nullptr : &*found;
}

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return ParseRun(arguments);
  const Words rest(arguments.begin() + 1, arguments.end());
  if (arguments.front() == "report") return ParseReport(rest);
  if (arguments.front() == "merge") return ParseMerge(rest);
  if (arguments.front() == "diff") return ParseDiff(rest);
  if (arguments.front() == "start") return ParseStart(rest);
  if (arguments.front() == "stop") return ParseStop(rest);
  return ParseRun(arguments.front() == "run" ? rest : arguments);
}

}  // namespace fdtrace
