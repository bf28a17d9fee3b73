// Reads as much of Python as tells which def and class a line is in: logical lines, their indentation, their first
// words. https://docs.python.org/3/reference/lexical_analysis.html
#include "viewer/python_source.h"

#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace fdtrace {
namespace {

// A statement, over all the lines that brackets, quotes and backslashes join.
struct LogicalLine {
  absl::string_view text;  // from its first word
  size_t indentation = 0;
  uint32_t first_line = 0;
  uint32_t last_line = 0;
};

class LogicalLines {
 public:
  explicit LogicalLines(absl::string_view source) : rest_(source) {}

  // False at the end. Lines without a statement are passed over.
  bool Next(LogicalLine& line) {
    while (!rest_.empty()) {
      line.first_line = number_;
      line.indentation = TakeIndentation();
      const absl::string_view begin = rest_;
      TakeStatement();
      line.text = begin.substr(0, begin.size() - rest_.size());
      line.last_line = number_ - 1;
      const absl::string_view text = absl::StripAsciiWhitespace(line.text);
      if (!text.empty() && text[0] != '#') return true;
    }
    return false;
  }

 private:
  size_t TakeIndentation() {
    constexpr size_t kTab = 8;
    size_t width = 0;
    for (; !rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\f'); rest_.remove_prefix(1)) {
      width = rest_[0] == '\t' ? (width / kTab + 1) * kTab : rest_[0] == '\f' ? 0 : width + 1;
    }
    return width;
  }

  char Take() {
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    if (taken == '\n') ++number_;
    return taken;
  }

  // Up to the end of a line that nothing joins to the next one.
  void TakeStatement() {
    for (int depth = 0; !rest_.empty();) {
      const char at = rest_[0];
      if (at == '#') {
        while (!rest_.empty() && rest_[0] != '\n') Take();
      } else if (at == '"' || at == '\'') {
        TakeString(at);
      } else if (Take() == '\n') {
        if (depth <= 0) return;
      } else if (at == '\\') {
        if (!rest_.empty()) Take();
      } else if (absl::StrContains("([{", at)) {
        ++depth;
      } else if (absl::StrContains(")]}", at)) {
        --depth;
      }
    }
    ++number_;  // a last line without its end
  }

  // A backslash keeps a quote from ending even a raw string.
  void TakeString(char quote) {
    const std::string triple(3, quote);
    const bool is_long = absl::StartsWith(rest_, triple);
    rest_.remove_prefix(is_long ? 3 : 1);
    while (!rest_.empty() && !(is_long ? absl::StartsWith(rest_, triple) : rest_[0] == quote || rest_[0] == '\n')) {
      if (Take() == '\\' && !rest_.empty()) Take();
    }
    if (rest_.empty() || rest_[0] == '\n') return;
    rest_.remove_prefix(is_long ? 3 : 1);
  }

  absl::string_view rest_;
  uint32_t number_ = 1;
};

// A class or function that the lines below it, as far as they are indented, are in.
struct Scope {
  size_t indentation;
  std::string prefix;  // of what is defined in it: "A.", "f.<locals>."
};

// "f" of "f(x): …" behind the keyword.
absl::string_view NameAfter(absl::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  size_t end = 0;
  while (end < text.size() && (absl::ascii_isalnum(text[end]) || text[end] == '_' || (text[end] & 0x80) != 0)) ++end;
  return text.substr(0, end);
}

bool ConsumeKeyword(absl::string_view& text, absl::string_view keyword) {
  if (!absl::StartsWith(text, keyword)) return false;
  const absl::string_view behind = text.substr(keyword.size());
  if (behind.empty() || !absl::ascii_isspace(behind[0])) return false;
  text = absl::StripLeadingAsciiWhitespace(behind);
  return true;
}

}  // namespace

std::string QualifiedPythonName(absl::string_view source, absl::string_view name, uint32_t first_line) {
  const bool has_no_def = absl::StartsWith(name, "<");  // <lambda>, <listcomp>; and <module>, which is in nothing
  if (name == "<module>") return std::string(name);
  std::vector<Scope> scopes;
  uint32_t decorated_from = 0;
  LogicalLines lines(source);
  for (LogicalLine line; lines.Next(line);) {
    while (!scopes.empty() && scopes.back().indentation >= line.indentation) scopes.pop_back();
    const std::string prefix = scopes.empty() ? "" : scopes.back().prefix;
    if (has_no_def && first_line <= line.last_line) {
      return first_line < line.first_line ? std::string(name) : absl::StrCat(prefix, name);
    }
    if (absl::StartsWith(line.text, "@")) {
      if (decorated_from == 0) decorated_from = line.first_line;
      continue;
    }
    const uint32_t begins = decorated_from != 0 ? decorated_from : line.first_line;
    decorated_from = 0;
    absl::string_view text = line.text;
    ConsumeKeyword(text, "async");
    if (const bool is_class = ConsumeKeyword(text, "class"); is_class || ConsumeKeyword(text, "def")) {
      const absl::string_view defined = NameAfter(text);
      if (begins <= first_line && first_line <= line.last_line && defined == name) return absl::StrCat(prefix, name);
      scopes.push_back({line.indentation, absl::StrCat(prefix, defined, is_class ? "." : ".<locals>.")});
    }
  }
  return std::string(name);
}

}  // namespace fdtrace
