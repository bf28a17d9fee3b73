#include "findings/gitlab.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "findings/finding.h"

namespace fdtrace {
namespace {

using Json = nlohmann::ordered_json;

// What takes more the longer the program runs, or harms other files, comes first.
const char* SeverityName(const Report& report, const Finding& finding) {
  const std::string rule = RuleOf(report, finding);
  const bool grave = rule == "growing" || rule == "double-close" || rule == kFailure;
  if (finding.fails()) return grave ? "critical" : "major";
  return grave ? "minor" : "info";
}

Json Location(const Report& report, const Finding& finding, const FormOptions& options) {
  const Frames& stack = StackOf(report, finding);
  const Frame* const source = SourceFrame(stack);
  const SourcePlace place =
      source != nullptr ? PlaceOf(*source, options) : PlaceOfFile(ModuleOf(report, stack), options);
  return {{"path", place.path}, {"lines", {{"begin", std::max(place.line, 1u)}}}};
}

}  // namespace

std::string RenderGitlab(const Report& report, const FormOptions& options) {
  std::string text = "[";
  for (const RankedFinding& ranked : BySeverity(report)) {
    const Finding& finding = *ranked.finding;
    if (finding.left() == 0) continue;
    // GitLab drops all but one of those that share a fingerprint.
    const std::string fingerprint =
        ranked.ordinal == 1 ? finding.fingerprint() : absl::StrCat(finding.fingerprint(), "-", ranked.ordinal);
    const Json issue = {
        {"description", MessageWithAdvice(report, finding)},
        {"check_name", RuleId(report, finding)},
        {"fingerprint", fingerprint},
        {"severity", SeverityName(report, finding)},
        {"location", Location(report, finding, options)},
    };
    absl::StrAppend(&text, text.size() == 1 ? "\n" : ",\n", issue.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return text + "\n]\n";
}

}  // namespace fdtrace
