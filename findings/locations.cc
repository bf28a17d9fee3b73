#include "findings/locations.h"

#include <algorithm>
#include <filesystem>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "findings/finding.h"
#include "viewer/findings_text.h"
#include "viewer/printable.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

std::string Normal(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

}  // namespace

Severity SeverityOf(const Finding& finding) {
  if (finding.fails()) return Severity::kFails;
  return finding.left() > 0 ? Severity::kLeft : Severity::kNothingLeft;
}

std::vector<RankedFinding> BySeverity(const Report& report) {
  absl::flat_hash_map<std::string, uint32_t> seen;
  std::vector<RankedFinding> ranked;
  ranked.reserve(report.findings_size());
  for (const Finding& finding : report.findings()) ranked.push_back({&finding, ++seen[finding.fingerprint()]});
  std::stable_sort(ranked.begin(), ranked.end(), [](const RankedFinding& a, const RankedFinding& b) {
    return SeverityOf(*a.finding) < SeverityOf(*b.finding);
  });
  return ranked;
}

std::string RuleId(const Report& report, const Finding& finding) {
  return absl::StrCat("fdtrace/", finding.kind() == kLeak ? kLeak : RuleOf(report, finding));
}

SourcePlace PlaceOfFile(const std::string& path, const FormOptions& options) {
  if (path.empty()) return {};
  // Below "/", ".." leads nowhere.
  std::string normal = Normal(path[0] == '/' ? path : "/" + path);
  if (path[0] != '/') return {.path = normal.substr(1), .in_root = true};
  std::string root = Printable(options.source_root);
  if (root.empty()) return {.path = normal};
  root = Normal(root.back() == '/' ? root : root + "/");
  if (absl::StartsWith(normal, root) && normal.size() > root.size()) {
    return {.path = normal.substr(root.size()), .in_root = true};
  }
  return {.path = normal};
}

SourcePlace PlaceOf(const Frame& frame, const FormOptions& options) {
  SourcePlace place = PlaceOfFile(frame.file(), options);
  place.line = frame.line();
  return place;
}

// Python has code without files: "<string>", "<frozen importlib._bootstrap>".
bool HasSourceLine(const Frame& frame) {
  return !frame.file().empty() && frame.line() > 0 && !absl::StartsWith(frame.file(), "<");
}

const Frame* SourceFrame(const Frames& stack) {
  const Frame* const own = OwnFrame(stack);
  if (own != nullptr && HasSourceLine(*own)) return own;
  const auto found = std::find_if(stack.begin(), stack.end(),
                                  [](const Frame& frame) { return HasSourceLine(frame) && !IsLibc(frame.module()); });
  return found == stack.end() ? nullptr : &*found;
}

std::string ModuleOf(const Report& report, const Frames& stack) {
  const Frame* const own = OwnFrame(stack);
  if (own != nullptr && !own->module().empty()) return own->module();
  if (report.processes_size() > 0 && !report.processes(0).executable().empty()) return report.processes(0).executable();
  return report.recording().command_size() > 0 ? report.recording().command(0) : std::string();
}

std::string FrameLine(const Frame& frame, const FormOptions& options) {
  std::string place = FullPlace(frame);
  if (HasSourceLine(frame)) {
    const SourcePlace source = PlaceOf(frame, options);
    place = absl::StrCat(source.path, ":", source.line);
  }
  if (frame.function().empty()) return place.empty() ? "an unknown place" : place;
  return place.empty() ? frame.function() : absl::StrCat(frame.function(), " at ", place);
}

std::string MessageWithAdvice(const Report& report, const Finding& finding) {
  if (finding.kind() != kLeak) return finding.message();
  const std::string& advice = report.leaks(static_cast<int>(finding.row())).advice();
  return advice.empty() ? finding.message() : absl::StrCat(finding.message(), ". ", advice);
}

std::string Account(const Finding& finding) {
  std::string not_left = NotLeft(finding);
  if (finding.left() == 0) return not_left;
  return absl::StrCat(not_left, not_left.empty() ? "" : ", ", WithThousands(finding.left()), " left");
}

}  // namespace fdtrace
