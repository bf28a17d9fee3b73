#include "findings/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <set>
#include <string>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Junit : public testing::Test {
 protected:
  pugi::xml_node Rendered(const Report& report) {
    text_ = RenderJunit(report, {.source_root = kRoot});
    const auto parsed = document_.load_string(text_.c_str());
    EXPECT_TRUE(parsed) << parsed.description();
    return document_.child("testsuites");
  }

  static std::string Attribute(pugi::xml_node node, const char* name) { return node.attribute(name).value(); }

  // "tests failures skipped", as the attributes have them.
  static std::string Counts(pugi::xml_node node) {
    return Attribute(node, "tests") + " " + Attribute(node, "failures") + " " + Attribute(node, "skipped");
  }

  static pugi::xml_node CaseNamed(pugi::xml_node suite, const char* name) {
    return suite.find_child_by_attribute("testcase", "name", name);
  }

  static fdtrace::Test& AddTest(const std::string& name, std::initializer_list<uint32_t> leaks, Report& report) {
    fdtrace::Test& test = *report.add_tests();
    test.set_name(name);
    test.set_opened(10);
    test.set_still_open(static_cast<uint32_t>(leaks.size()) * 3);
    for (const uint32_t leak : leaks) test.add_leaks(leak);
    return test;
  }

  std::string text_;
  pugi::xml_document document_;
};

Report ThreeLeaks() {
  Report report = EmptyReport();
  for (const char* name : {"load", "get", "log"}) AddLeak(name, "/work/app/src/load.c", 7, report);
  AddFindings(report);
  return report;
}

TEST_F(Junit, HasATestCaseForEachFindingWithItsStack) {
  Report report = ThreeLeaks();
  Fail(0, report);
  Suppress(1, report);
  const pugi::xml_node root = Rendered(report);
  EXPECT_EQ(Counts(root), "3 1 2");
  EXPECT_EQ(Counts(root.child("testsuite")), "3 1 2");
  const pugi::xml_node failed = CaseNamed(root.child("testsuite"), "load (load.c:7)");
  EXPECT_EQ(Attribute(failed, "classname"), "fdtrace.leak");
  EXPECT_EQ(Attribute(failed.child("failure"), "type"), "fdtrace/leak");
  EXPECT_THAT(failed.child("failure").text().get(),
              AllOf(HasSubstr("30 of 40 descriptors"), HasSubstr("\n  load at src/load.c:7\n  main at src/main.c:9")));
  EXPECT_THAT(Attribute(CaseNamed(root.child("testsuite"), "get (load.c:7)").child("skipped"), "message"),
              HasSubstr("30 suppressed"));
  EXPECT_THAT(Attribute(CaseNamed(root.child("testsuite"), "log (load.c:7)").child("skipped"), "message"),
              HasSubstr("30 left, which does not fail the run"));
}

TEST_F(Junit, GivesNoTwoTestCasesOneName) {
  Report report = ThreeLeaks();
  AddLeak("load", "/work/app/src/load.c", 7, report);
  AddDoubleClose("load", "/work/app/src/load.c", 7, report);
  AddFindings(report);
  const pugi::xml_node suite = Rendered(report).child("testsuite");
  std::set<std::string> names;
  for (const pugi::xml_node node : suite.children("testcase")) {
    names.insert(Attribute(node, "classname") + " " + Attribute(node, "name"));
  }
  EXPECT_THAT(
      names, ElementsAre("fdtrace.close load (load.c:7)", "fdtrace.leak get (load.c:7)", "fdtrace.leak load (load.c:7)",
                         "fdtrace.leak load (load.c:7) #2", "fdtrace.leak log (load.c:7)"));
}

TEST_F(Junit, TellsWhenTheRunWasAndHowLong) {
  const pugi::xml_node suite = Rendered(ThreeLeaks()).child("testsuite");
  EXPECT_EQ(Attribute(suite, "time"), "1.500");
  EXPECT_EQ(Attribute(suite, "timestamp"), "2026-01-02T03:04:05");
  EXPECT_THAT(suite.child("system-out").text().get(),
              HasSubstr("./app --once ended with status 3 after 1.5 s: 3 findings"));
}

TEST_F(Junit, PassesOneTestCaseWhereNothingWasFound) {
  const pugi::xml_node root = Rendered(EmptyReport());
  EXPECT_EQ(Counts(root), "1 0 0");
  EXPECT_TRUE(CaseNamed(root.child("testsuite"), "no findings"));
}

TEST_F(Junit, FailsTheTestsThatLeftWhatAFailingFindingIsAbout) {
  Report report = ThreeLeaks();
  Fail(0, report);
  Suppress(1, report);
  AddTest("tests/test_a.py::TestA::test_b[x.y]", {0, 1}, report);
  AddTest("Suite.Name", {1}, report);
  AddTest("plain", {}, report);
  AddTest("tests/test_a.py::test_c[a::b]", {0}, report);
  const pugi::xml_node root = Rendered(report);
  const pugi::xml_node suite = root.child("testsuite");
  EXPECT_EQ(Counts(suite), "4 2 0");
  const pugi::xml_node failed = CaseNamed(suite, "test_b[x.y]");
  EXPECT_EQ(Attribute(failed, "classname"), "tests/test_a.py::TestA");
  EXPECT_EQ(Attribute(failed.child("failure"), "message"), "left 6 descriptors open");
  EXPECT_THAT(failed.child("failure").text().get(), HasSubstr("load at src/load.c:7"));
  EXPECT_EQ(Attribute(CaseNamed(suite, "Name"), "classname"), "Suite");
  EXPECT_FALSE(CaseNamed(suite, "Name").child("failure"));
  EXPECT_TRUE(CaseNamed(suite, "plain"));
  EXPECT_EQ(Attribute(CaseNamed(suite, "test_c[a::b]"), "classname"), "tests/test_a.py");
}

TEST_F(Junit, HasASuiteOfItsOwnForWhatNoTestLeft) {
  Report report = ThreeLeaks();
  Fail(0, report);
  Fail(2, report);
  AddTest("Suite.Name", {0, 1}, report);
  const pugi::xml_node root = Rendered(report);
  const pugi::xml_node outside = root.find_child_by_attribute("testsuite", "name", "outside tests");
  EXPECT_EQ(Counts(outside), "1 1 0");
  EXPECT_TRUE(CaseNamed(outside, "log (load.c:7)").child("failure"));
  EXPECT_EQ(Counts(root), "2 2 0");
}

TEST_F(Junit, HasNoCharactersThatXmlForbids) {
  Report report = EmptyReport();
  AddLeak("f\x01\xff\uFFFE]]>\"<", kOddName, 7, report);
  AddFindings(report);
  Fail(0, report);
  report.add_tests()->set_name("a\x02.b\n<c>");
  Rendered(report);
  for (const char c : text_) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
  EXPECT_EQ(text_.find("\uFFFE"), text_.npos);
  EXPECT_EQ(text_.find("<c>"), text_.npos);
  EXPECT_TRUE(CaseNamed(document_.child("testsuites").child("testsuite"), "b\\x0a<c>"));
}

TEST_F(Junit, HoldsTenThousandFindingsAndTests) {
  Report report = ManyLeaks(10'000);
  EXPECT_EQ(Counts(Rendered(report)), "10000 1 9999");
  for (uint32_t i = 0; i < 10'000; ++i) AddTest("Suite.Test" + std::to_string(i), {i}, report);
  EXPECT_EQ(Counts(Rendered(report)), "10000 1 0");
}

TEST_F(Junit, WritesOutNoMoreThanTwentyFindingsOfATest) {
  Report report = ManyLeaks(25, 2);
  fdtrace::Test& test = AddTest("Suite.Name", {}, report);
  for (int i = 0; i < 25; ++i) {
    Fail(i, report);
    test.add_leaks(i);
  }
  const std::string text = Rendered(report).child("testsuite").child("testcase").child("failure").text().get();
  EXPECT_THAT(text, AllOf(HasSubstr("load_19 "), HasSubstr("and 5 more findings")));
  EXPECT_EQ(text.find("load_20 "), text.npos);
}

}  // namespace
}  // namespace fdtrace
