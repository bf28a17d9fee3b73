// Results are written one by one, since the JSON objects of ten thousand stacks take a hundred times their text's
// memory.
#include "findings/sarif.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "findings/finding.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

using Json = nlohmann::ordered_json;

// What GitHub takes: docs.github.com, "SARIF support for code scanning".
constexpr size_t kMostResults = 25'000;
constexpr int kMostLocations = 1'000;

struct Rule {
  const char* id;
  const char* name;
  const char* in_short;
  const char* in_full;
  const char* help;
};

constexpr std::array<Rule, 7> kRules = {{
    {"fdtrace/leak", "DescriptorLeak", "File descriptor leak",
     "Descriptors that this code opened were still open when the program ended.",
     "Close the descriptor on every path, errors included, or let an object close it that goes out of scope."},
    {"fdtrace/pinned", "PinnedFile", "Removed file held open",
     "Files without a name were held open to the end, and their space with them.",
     "Close a file that was removed or replaced: its space is free only when no descriptor and no mapping holds it."},
    {"fdtrace/double-close", "DoubleClose", "Descriptor closed twice",
     "A descriptor was closed that had been closed already. Another thread may have opened a file under its number "
     "meanwhile, which is then closed instead.",
     "Let one owner close each descriptor, and set the variable to -1 once it is closed."},
    {"fdtrace/close", "WrongClose", "Call with a descriptor that was not open",
     "A call was given a number that no descriptor had, or none any more.",
     "Check the result of the call that opens before the descriptor is used or closed, and close it after its last "
     "use."},
    {"fdtrace/failure", "FailedCall", "Call failed for want of a resource",
     "A call failed because a limit on descriptors was reached or a file system was full.",
     "Find out what held the resource: the leaks and the pinned files of the same run. Raise the limit if it is "
     "needed."},
    {"fdtrace/leftover", "LeftoverFile", "Temporary file left behind",
     "A file that the program made in a place for temporary files was still there at its end.",
     "Remove the file when it is no longer needed, or let it have no name: O_TMPFILE, tmpfile()."},
    {"fdtrace/inherited", "InheritedDescriptor", "Descriptor passed on to another program",
     "A program received a descriptor because it was opened without the CLOEXEC flag.",
     "Open it with O_CLOEXEC, SOCK_CLOEXEC or the like, unless the other program is meant to have it."},
}};

size_t RuleIndex(const std::string& id) {
  const auto found = std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.id == id; });
  return static_cast<size_t>(found - kRules.begin());
}

Json Text(const std::string& text) { return {{"text", text}}; }

Json RuleObjects() {
  Json rules = Json::array();
  for (const Rule& rule : kRules) {
    rules.push_back({{"id", rule.id},
                     {"name", rule.name},
                     {"shortDescription", Text(rule.in_short)},
                     {"fullDescription", Text(rule.in_full)},
                     {"help", Text(rule.help)},
                     {"defaultConfiguration", {{"level", "warning"}}}});
  }
  return rules;
}

// RFC 3986: all but unreserved characters and the slashes. A colon too, which would make a scheme of what is before it.
std::string Encoded(const std::string& path) {
  std::string uri;
  for (const char c : path) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::string_view("-._~/").find(c) != std::string::npos) {
      uri += c;
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return uri;
}

class SarifRun {
 public:
  SarifRun(const Report& report, const FormOptions& options) : report_(report), options_(options) {
    for (const Finding& finding : report.findings()) any_suppressed_ |= IsSuppressed(finding);
  }

  std::string Render() const {
    const std::vector<RankedFinding> ranked = BySeverity(report_);
    const size_t shown = std::min(ranked.size(), kMostResults);
    std::string run = Dumped(Head(ranked.size() - shown));
    run.pop_back();  // the brace that closes it
    std::string text = absl::StrCat(
        "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[\n", run,
        ",\"results\":[");
    for (size_t at = 0; at < shown; ++at) absl::StrAppend(&text, at == 0 ? "\n" : ",\n", Dumped(Result(ranked[at])));
    return text + "\n]}]}\n";
  }

 private:
  static std::string Dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

  static bool IsSuppressed(const Finding& finding) { return finding.left() == 0 && finding.suppressed() > 0; }

  // The run without its results.
  Json Head(size_t left_out) const {
    Json run = {
        {"tool", {{"driver", {{"name", "fdtrace"}, {"version", FDTRACE_VERSION}, {"rules", RuleObjects()}}}}},
        {"invocations", Json::array({Invocation(left_out)})},
        {"columnKind", "utf16CodeUnits"},
    };
    if (!options_.source_root.empty()) {
      const std::string root = PlaceOfFile(options_.source_root + "/", {}).path;
      run["originalUriBaseIds"] = {{"SRCROOT", {{"uri", "file://" + Encoded(root)}}}};
    }
    return run;
  }

  Json Invocation(size_t left_out) const {
    const Recording& recording = report_.recording();
    Json notifications = Json::array();
    const auto add = [&](const char* level, const std::string& text) {
      notifications.push_back({{"level", level}, {"message", Text(text + ".")}});
    };
    if (left_out > 0) {
      add("warning", absl::StrCat(Counted(left_out, "finding"), " left out: the ", WithThousands(kMostResults),
                                  " most severe are shown"));
    }
    for (const std::string& note : recording.notes()) add("note", note);
    Json invocation = {{"executionSuccessful", recording.duration_ns() > 0}};
    if (recording.command_size() > 0) invocation["commandLine"] = absl::StrJoin(recording.command(), " ");
    if (!recording.started_at().empty()) invocation["startTimeUtc"] = recording.started_at();
    if (recording.duration_ns() > 0) invocation["exitCode"] = recording.exit_status();
    if (recording.signal() != 0) invocation["exitSignalNumber"] = recording.signal();
    invocation["toolExecutionNotifications"] = notifications;
    return invocation;
  }

  Json Result(const RankedFinding& ranked) const {
    const Finding& finding = *ranked.finding;
    const std::string rule = RuleId(report_, finding);
    const Severity severity = SeverityOf(finding);
    Json result = {
        {"ruleId", rule},
        {"ruleIndex", RuleIndex(rule)},
        {"level", severity == Severity::kFails  ? "error"
                  : severity == Severity::kLeft ? "warning"
                                                : "note"},
        {"message", Text(MessageWithAdvice(report_, finding) + ".")},
        {"locations", Json::array({Location(finding)})},
        // GitHub makes the second itself where it is not given, from the line's text: then two leaks of one line, or
        // all without a line, would be one alert.
        {"partialFingerprints",
         {{"fdtrace/v1", finding.fingerprint()},
          {"primaryLocationLineHash", absl::StrCat(finding.fingerprint(), ":", ranked.ordinal)}}},
    };
    if (const Frames& stack = StackOf(report_, finding); !stack.empty())
      result["codeFlows"] = Json::array({CodeFlow(stack)});
    // SARIF: on all results or on none.
    if (any_suppressed_) result["suppressions"] = Suppressions(finding);
    if (const char* state = BaselineState(finding.baseline())) result["baselineState"] = state;
    result["properties"] = Properties(finding);
    return result;
  }

  static const char* BaselineState(Finding::Baseline baseline) {
    switch (baseline) {
      case Finding::NEW:
        return "new";
      case Finding::UNCHANGED:
        return "unchanged";
      case Finding::GROWN:
        return "updated";
      default:
        return nullptr;
    }
  }

  static Json Suppressions(const Finding& finding) {
    Json suppressions = Json::array();
    if (IsSuppressed(finding)) suppressions.push_back({{"kind", "external"}, {"justification", Account(finding)}});
    return suppressions;
  }

  Json Properties(const Finding& finding) const {
    Json properties = {{"count", finding.count()},        {"suppressed", finding.suppressed()},
                       {"tooYoung", finding.too_young()}, {"allowed", finding.allowed()},
                       {"left", finding.left()},          {"fails", finding.fails()},
                       {"call", CallOf(report_, finding)}};
    const std::string rule = RuleOf(report_, finding);
    if (finding.kind() == kLeak && rule != kLeak) properties["verdict"] = rule;
    if (!finding.suppression().empty()) properties["suppression"] = finding.suppression();
    return properties;
  }

  Json Physical(const SourcePlace& place) const {
    Json artifact = {{"uri", place.in_root ? Encoded(place.path) : "file://" + Encoded(place.path)}};
    if (place.in_root && !options_.source_root.empty()) artifact["uriBaseId"] = "SRCROOT";
    return {{"artifactLocation", artifact}, {"region", {{"startLine", std::max(place.line, 1u)}}}};
  }

  static Json Logical(const Frame& frame) {
    if (frame.function().empty()) return Named(ShortPlace(frame), frame.module(), "module");
    return Named(ShortFunction(frame.function()), frame.function(), "function");
  }

  static Json Named(const std::string& name, const std::string& full, const char* kind) {
    Json location = {{"name", name.empty() ? "an unknown place" : name}};
    if (!full.empty()) location["fullyQualifiedName"] = full;
    location["kind"] = kind;
    return Json::array({std::move(location)});
  }

  // GitHub refuses a whole file over one result without a physical location, so code without source is shown at line 1
  // of its module.
  Json Location(const Finding& finding) const {
    const Frames& stack = StackOf(report_, finding);
    const Frame* const source = SourceFrame(stack);
    const SourcePlace place =
        source != nullptr ? PlaceOf(*source, options_) : PlaceOfFile(ModuleOf(report_, stack), options_);
    Json location = Json::object();
    if (!place.path.empty()) location["physicalLocation"] = Physical(place);
    const Frame* const own = OwnFrame(stack);
    location["logicalLocations"] = own != nullptr ? Logical(*own) : Named(CallOf(report_, finding), "", "function");
    return location;
  }

  // Outermost first, as SARIF has it: in the order of execution.
  Json CodeFlow(const Frames& stack) const {
    Json locations = Json::array();
    for (int at = std::min(stack.size(), kMostLocations) - 1; at >= 0; --at) {
      const Frame& frame = stack[at];
      Json location = Json::object();
      const SourcePlace place = HasSourceLine(frame) ? PlaceOf(frame, options_) : PlaceOfFile(frame.module(), options_);
      if (!place.path.empty()) location["physicalLocation"] = Physical(place);
      location["logicalLocations"] = Logical(frame);
      location["message"] = Text(FrameLine(frame, options_));
      locations.push_back({{"location", std::move(location)}});
    }
    Json flow = {{"locations", std::move(locations)}};
    return {{"threadFlows", Json::array({std::move(flow)})}};
  }

  const Report& report_;
  const FormOptions& options_;
  bool any_suppressed_ = false;
};

}  // namespace

std::string RenderSarif(const Report& report, const FormOptions& options) { return SarifRun(report, options).Render(); }

}  // namespace fdtrace
