#include "findings/junit.h"

#include <algorithm>
#include <cstddef>
#include <pugixml.hpp>
#include <sstream>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "findings/finding.h"
#include "viewer/heading.h"
#include "viewer/printable.h"
#include "viewer/units.h"

namespace fdtrace {
namespace {

constexpr int kMostFrames = 100;            // of a stack
constexpr size_t kMostFindingsOfTest = 20;  // that are written out

// The two noncharacters are all that XML forbids and Printable leaves.
std::string XmlText(absl::string_view text) {
  return absl::StrReplaceAll(Printable(text), {{"\uFFFE", "\\ufffe"}, {"\uFFFF", "\\uffff"}});
}

void Set(pugi::xml_node node, const char* name, absl::string_view value) {
  node.append_attribute(name).set_value(XmlText(value).c_str());
}

struct Counts {
  size_t tests = 0, failures = 0, skipped = 0;
};

// Attributes come first, so that a suite's are made with it and filled once its cases are known.
void SetCounts(pugi::xml_node node, const Counts& counts) {
  node.attribute("tests").set_value(counts.tests);
  node.attribute("failures").set_value(counts.failures);
  node.attribute("skipped").set_value(counts.skipped);
}

// "tests/a.py::TestA" and "test_b[x.y]" of "tests/a.py::TestA::test_b[x.y]"; "Suite" and "Name" of "Suite.Name".
std::pair<std::string, std::string> ClassAndName(const std::string& test) {
  const absl::string_view whole = test;
  const absl::string_view plain = whole.substr(0, whole.find('['));
  size_t at = plain.rfind("::"), behind = 2;
  if (at == plain.npos) at = plain.rfind('.'), behind = 1;
  if (at == plain.npos || at == 0 || at + behind >= plain.size()) return {"fdtrace.test", test};
  return {std::string(whole.substr(0, at)), std::string(whole.substr(at + behind))};
}

class JunitReport {
 public:
  JunitReport(const Report& report, const FormOptions& options) : report_(report), options_(options) {}

  std::string Render() {
    pugi::xml_node declaration = document_.append_child(pugi::node_declaration);
    declaration.append_attribute("version").set_value("1.0");
    declaration.append_attribute("encoding").set_value("UTF-8");
    root_ = AddNode(document_, "testsuites", "fdtrace");
    Set(root_, "time", Seconds());
    if (report_.tests().empty()) {
      AddFindings("fdtrace", BySeverity(report_));
    } else {
      AddTests();
      if (const auto outside = OutsideTests(); !outside.empty()) AddFindings("outside tests", outside);
    }
    SetCounts(root_, all_);
    std::ostringstream text;
    document_.save(text, "  ", pugi::format_default, pugi::encoding_utf8);
    return text.str();
  }

 private:
  static pugi::xml_node AddNode(pugi::xml_node parent, const char* element, const char* name) {
    pugi::xml_node node = parent.append_child(element);
    Set(node, "name", name);
    for (const char* count : {"tests", "failures", "errors", "skipped"}) node.append_attribute(count).set_value(0);
    return node;
  }

  std::string Seconds() const {
    return absl::StrFormat("%.3f", static_cast<double>(report_.recording().duration_ns()) / 1e9);
  }

  pugi::xml_node AddSuite(const char* name) {
    suite_counts_ = {};
    pugi::xml_node suite = AddNode(root_, "testsuite", name);
    // The first has the time of all: what the others took is not known.
    Set(suite, "time", root_.first_child() == suite ? Seconds() : "0.000");
    // JUnit's schema has neither fractions nor a zone.
    if (const std::string& started = report_.recording().started_at(); !started.empty()) {
      Set(suite, "timestamp", started.substr(0, 19));
    }
    return suite;
  }

  pugi::xml_node AddCase(pugi::xml_node suite, absl::string_view class_name, absl::string_view name) {
    ++suite_counts_.tests;
    pugi::xml_node node = suite.append_child("testcase");
    Set(node, "classname", class_name);
    Set(node, "name", name);
    return node;
  }

  void End(pugi::xml_node suite) {
    std::string said = absl::StrCat(CommandInShort(report_.recording()), " ", HowItEnded(report_.recording()), ": ",
                                    Counted(report_.findings_size(), "finding"));
    suite.append_child("system-out").text().set(XmlText(said).c_str());
    SetCounts(suite, suite_counts_);
    all_.tests += suite_counts_.tests;
    all_.failures += suite_counts_.failures;
    all_.skipped += suite_counts_.skipped;
  }

  // The message and the stack, innermost first.
  std::string Details(const Finding& finding) const {
    std::string text = XmlText(MessageWithAdvice(report_, finding));
    const Frames& stack = StackOf(report_, finding);
    for (int at = 0; at < std::min(stack.size(), kMostFrames); ++at) {
      absl::StrAppend(&text, "\n  ", XmlText(FrameLine(stack[at], options_)));
    }
    if (stack.size() > kMostFrames)
      absl::StrAppend(&text, "\n  and ", Counted(stack.size() - kMostFrames, "more frame"));
    return text;
  }

  void AddFailure(pugi::xml_node test_case, absl::string_view message, absl::string_view type,
                  const std::string& text) {
    ++suite_counts_.failures;
    pugi::xml_node failure = test_case.append_child("failure");
    Set(failure, "message", message);
    Set(failure, "type", type);
    failure.text().set(text.c_str());
  }

  void AddTests() {
    std::vector<const Finding*> failing(report_.leaks_size());
    for (const Finding& finding : report_.findings()) {
      if (finding.kind() == kLeak && finding.fails()) failing[finding.row()] = &finding;
    }
    pugi::xml_node suite = AddSuite("fdtrace");
    for (const Test& test : report_.tests()) {
      const auto [class_name, name] = ClassAndName(test.name());
      pugi::xml_node node = AddCase(suite, class_name, name);
      std::vector<const Finding*> left;
      for (const uint32_t row : test.leaks()) {
        if (row < failing.size() && failing[row] != nullptr) left.push_back(failing[row]);
      }
      if (!left.empty()) AddTestFailure(node, test, left);
    }
    End(suite);
  }

  void AddTestFailure(pugi::xml_node node, const Test& test, const std::vector<const Finding*>& left) {
    std::string text;
    for (size_t at = 0; at < std::min(left.size(), kMostFindingsOfTest); ++at) {
      absl::StrAppend(&text, at == 0 ? "" : "\n\n", Details(*left[at]));
    }
    if (left.size() > kMostFindingsOfTest) {
      absl::StrAppend(&text, "\n\nand ", Counted(left.size() - kMostFindingsOfTest, "more finding"));
    }
    AddFailure(node, absl::StrCat("left ", Counted(test.still_open(), "descriptor"), " open"), "fdtrace/leak", text);
  }

  std::vector<RankedFinding> OutsideTests() const {
    std::vector<bool> in_test(report_.leaks_size());
    for (const Test& test : report_.tests()) {
      for (const uint32_t row : test.leaks()) {
        if (row < in_test.size()) in_test[row] = true;
      }
    }
    std::vector<RankedFinding> outside = BySeverity(report_);
    outside.erase(std::remove_if(outside.begin(), outside.end(),
                                 [&](const RankedFinding& ranked) {
                                   return ranked.finding->kind() == kLeak && in_test[ranked.finding->row()];
                                 }),
                  outside.end());
    return outside;
  }

  void AddFindings(const char* suite_name, const std::vector<RankedFinding>& findings) {
    pugi::xml_node suite = AddSuite(suite_name);
    if (findings.empty()) AddCase(suite, "fdtrace", "no findings");
    absl::flat_hash_map<std::string, int> seen;
    for (const RankedFinding& ranked : findings) {
      const Finding& finding = *ranked.finding;
      const SiteName site = NameOf(StackOf(report_, finding), CallOf(report_, finding));
      std::string name = site.place.empty() ? site.function : absl::StrCat(site.function, " (", site.place, ")");
      // Of two cases by one name, most readers show one.
      if (const int count = ++seen[finding.kind() + name]; count > 1) absl::StrAppend(&name, " #", count);
      pugi::xml_node node = AddCase(suite, absl::StrCat("fdtrace.", finding.kind()), name);
      if (finding.fails()) {
        AddFailure(node, finding.message(), RuleId(report_, finding), Details(finding));
      } else {
        ++suite_counts_.skipped;
        Set(node.append_child("skipped"), "message", WhySkipped(finding));
      }
    }
    End(suite);
  }

  static std::string WhySkipped(const Finding& finding) {
    return absl::StrCat(Account(finding), finding.left() > 0 ? ", which does not fail the run: " : ": ",
                        finding.message());
  }

  const Report& report_;
  const FormOptions& options_;
  pugi::xml_document document_;
  pugi::xml_node root_;
  Counts all_, suite_counts_;
};

}  // namespace

std::string RenderJunit(const Report& report, const FormOptions& options) {
  return JunitReport(report, options).Render();
}

}  // namespace fdtrace
