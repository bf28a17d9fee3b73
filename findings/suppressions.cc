#include "findings/suppressions.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "findings/finding.h"
#include "findings/whole_file.h"

namespace fdtrace {
namespace {

constexpr std::array<const char*, 6> kKinds = {kLeak, kPinned, kClose, kFailure, kLeftover, kInherited};

// Databases that stay open from their first entry until end…ent, which nobody has to call.
constexpr std::array<absl::string_view, 9> kDatabases = {"pw", "gr", "sp", "host", "net", "proto", "serv", "ut", "utx"};

absl::Status Wrong(absl::string_view file, int number, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("cannot read ", file, ":", number, ": ", what,
                                                 "; write KIND:PATTERN, the kind one of ",
                                                 absl::StrJoin(kKinds, ", ")));
}

}  // namespace

std::vector<SuppressionRule> BuiltInSuppressions() {
  constexpr char kBuiltIn[] = "built in";
  std::vector<SuppressionRule> rules = {
      {kLeak, "^openlog$", kBuiltIn, "libc keeps the system log's socket until closelog, which is optional"},
      {kClose, "/bash$", kBuiltIn, "bash itself closes the pipes between its commands twice"}};
  for (const absl::string_view database : kDatabases) {
    const std::string reason = absl::StrCat("libc keeps the database until end", database, "ent, which is optional");
    for (const absl::string_view verb : {"get", "set"}) {
      rules.push_back({kLeak, absl::StrCat("^", verb, database, "ent$"), kBuiltIn, reason});
    }
  }
  return rules;
}

absl::Status ParseSuppressions(absl::string_view text, absl::string_view file, std::vector<SuppressionRule>& rules) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 1));
    const bool known = std::find(kKinds.begin(), kKinds.end(), parts.first) != kKinds.end();
    if (line.find(':') == line.npos) return Wrong(file, number, "it has no colon");
    if (!known) return Wrong(file, number, absl::StrCat("\"", parts.first, "\" is no kind of finding"));
    if (parts.second.empty()) return Wrong(file, number, "it has no pattern, and would suppress everything");
    rules.push_back(
        {std::string(parts.first), std::string(parts.second), absl::StrCat(Basename(file), ":", number), ""});
  }
  return absl::OkStatus();
}

absl::Status ReadSuppressions(const std::string& file, std::vector<SuppressionRule>& rules) {
  const auto text = ReadWhole(file);
  if (!text.ok()) return text.status();
  return ParseSuppressions(*text, file, rules);
}

}  // namespace fdtrace
