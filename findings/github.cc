#include "findings/github.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "findings/finding.h"
#include "findings/markdown.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr size_t kMostAnnotations = 8;
constexpr size_t kMostSummaryBytes = size_t{1'000} * 1024;

// What ends a command or begins an escape; a runner takes these back.
std::string EscapedMessage(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string EscapedProperty(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}, {":", "%3A"}, {",", "%2C"}});
}

std::string Annotation(const Report& report, const Finding& finding, const FormOptions& options) {
  const Frames& stack = StackOf(report, finding);
  std::string properties;
  if (const Frame* const source = SourceFrame(stack)) {
    const SourcePlace place = PlaceOf(*source, options);
    properties = absl::StrCat("file=", EscapedProperty(place.path), ",line=", place.line, ",");
  }
  const std::string title =
      absl::StrCat("fdtrace: ", RuleOf(report, finding), " in ", NameOf(stack, CallOf(report, finding)).function);
  return absl::StrCat(finding.fails() ? "::error " : "::warning ", properties, "title=", EscapedProperty(title),
                      "::", EscapedMessage(MessageWithAdvice(report, finding)), "\n");
}

}  // namespace

std::string RenderGithub(const Report& report, const FormOptions& options) {
  const std::vector<RankedFinding> ranked = BySeverity(report);
  if (ranked.empty()) return {};
  const Severity worst = SeverityOf(*ranked.front().finding);
  if (worst == Severity::kNothingLeft) return {};
  std::string text;
  size_t count = 0;
  for (const RankedFinding& each : ranked) {
    if (SeverityOf(*each.finding) != worst) break;
    if (count < kMostAnnotations) text += Annotation(report, *each.finding, options);
    ++count;
  }
  if (count > kMostAnnotations) {
    absl::StrAppend(&text, "::notice::fdtrace: ", Counted(count - kMostAnnotations, "more finding"),
                    worst == Severity::kFails ? " that fail the run" : "", "\n");
  }
  return text;
}

std::string RenderStepSummary(const Report& report, const FormOptions& options) {
  return RenderMarkdown(report, options, kMostSummaryBytes);
}

}  // namespace fdtrace
