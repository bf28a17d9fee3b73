// Which test left descriptors open: of programs that mark their tests, by GoogleTest, pytest and by hand, and of test
// runners that start a process for each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kPython[] = "/usr/bin/python3";  // that has Debian's pytest

std::string DescribeTests(const Report& report) {
  std::string text;
  for (const Test& test : report.tests()) text += "  test: " + test.ShortDebugString() + "\n";
  return text + Describe(report);
}

std::map<std::string, uint32_t> Leaking(const Report& report) {
  std::map<std::string, uint32_t> leaking;
  for (const Test& test : report.tests()) {
    if (test.still_open() > 0) leaking[test.name()] = test.still_open();
  }
  return leaking;
}

Traced TraceMarked(const std::vector<std::string>& steps) {
  std::vector<std::string> command = {Program("marked")};
  command.insert(command.end(), steps.begin(), steps.end());
  Traced traced = Trace(command);
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  return traced;
}

TEST(Marks, ALeakIsOfTheTestThatOpenedItAndTheOthersAreClean) {
  const Traced traced = TraceMarked(
      {"leak", "test:first", "leak", "test:second", "leak", "close", "end", "leak", "test:third", "leak", "leak"});
  EXPECT_EQ(traced.report.tests_size(), 3) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), UnorderedElementsAre(Pair("first", 1), Pair("third", 2)))
      << DescribeTests(traced.report);
  std::vector<std::string> names;
  for (const LeakSite& leak : traced.report.leaks()) {
    for (const Descriptor& descriptor : leak.descriptors()) names.push_back(descriptor.test());
  }
  EXPECT_THAT(names, UnorderedElementsAre("", "first", "", "third", "third"));
  const auto& third = traced.report.tests(0);
  ASSERT_EQ(third.leaks_size(), 1) << DescribeTests(traced.report);
  EXPECT_EQ(FunctionOf(traced.report.leaks(third.leaks(0)).stack()), "leak");
}

TEST(Marks, AProgramAsksWhatItsTestHasLeftOpen) {
  const Traced traced = TraceMarked({"leak", "test:first", "ask", "leak", "leak", "ask", "close", "ask"});
  EXPECT_EQ(traced.ran.out, "0\n2\n1\n");
}

TEST(Marks, WhatThreadsOpenedBeforeAndWhatChildrenOpenIsNotAmongIt) {
  const Traced traced = TraceMarked(
      {"start_elder", "test:first", "elder", "elder", "ask", "test:second", "ask", "elder", "ask", "fork", "ask"});
  EXPECT_EQ(traced.ran.out, "2\n0\n1\n1\n");
}

TEST(Marks, WithoutFdtraceTheFunctionsAreAbsentAndTheProgramRunsAllTheSame) {
  for (const char* program : {"marked", "marked_fixed_address"}) {
    const Ran ran = RunBare({Program(program), "test:first", "leak", "fork", "vfork", "spawn", "ask", "end"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out, "-1\n");
  }
}

TEST(Marks, WithoutARecordingTheFunctionsReturnNothing) {
  const std::string library = std::filesystem::path(FdtraceBinary()).parent_path() / "interposer/libfdtrace.so";
  const Ran ran =
      RunBare({"/usr/bin/env", "LD_PRELOAD=" + library, Program("marked"), "test:first", "leak", "ask", "end"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "0\n");
}

TEST(Marks, AProgramAtAFixedAddressMarksToo) {
  const Traced traced = Trace({Program("marked_fixed_address"), "test:first", "leak", "ask"});
  EXPECT_EQ(traced.ran.out, "1\n");
  EXPECT_THAT(Leaking(traced.report), ElementsAre(Pair("first", 1)));
}

TEST(Marks, WhatThreadsOpenIsOfTheTestThatRuns) {
  const Traced traced =
      TraceMarked({"start_elder", "test:first", "elder", "test:second", "thread", "elder", "end", "elder"});
  EXPECT_THAT(Leaking(traced.report), UnorderedElementsAre(Pair("first", 1), Pair("second", 2)))
      << DescribeTests(traced.report);
}

TEST(Marks, AForkedChildIsInItsParentsTestUnlessItMarksItsOwn) {
  const Traced traced = TraceMarked({"test:first", "fork", "fork_mark", "end", "fork"});
  EXPECT_EQ(traced.report.tests_size(), 2) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), UnorderedElementsAre(Pair("first", 1), Pair("of the child", 1)))
      << DescribeTests(traced.report);
}

class Starting : public testing::TestWithParam<const char*> {};

TEST_P(Starting, AProgramThatATestRunsIsInTheTest) {
  const Traced traced = TraceMarked({"test:first", "leak", "close", "test:second", GetParam(), "end", GetParam()});
  EXPECT_EQ(traced.report.tests_size(), 2) << DescribeTests(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), 2u) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), ElementsAre(Pair("second", 1))) << DescribeTests(traced.report);
}

INSTANTIATE_TEST_SUITE_P(InEveryWay, Starting, testing::Values("fork_exec", "vfork", "spawn", "system", "popen"),
                         [](const auto& way) { return std::string(way.param); });

TEST(GoogleTests, TheTwoOfTenThatLeakAreNamed) {
  const Traced traced = Trace({Program("ten_tests")});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err << traced.ran.out;
  EXPECT_EQ(traced.report.tests_size(), 10) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report),
              UnorderedElementsAre(Pair("Parser.ReadsConfig", 3), Pair("Server.KeepsItsLog", 1)))
      << DescribeTests(traced.report);
  for (const auto& test : traced.report.tests()) {
    if (test.name() == "Some/Connections.AreClosed/5") {
      EXPECT_EQ(test.opened(), 5u);
    }
  }
}

TEST(GoogleTests, TheSummaryNamesThemWithThePlace) {
  const TemporaryDirectory directory;
  const Ran ran = RunBare({FdtraceBinary(), "-o", directory.path() + "/t.fdt", "--", Program("ten_tests")});
  EXPECT_THAT(ran.err, HasSubstr("\nTESTS   2 of 10 left descriptors open\n"));
  EXPECT_THAT(ran.err, HasSubstr("\n  Parser.ReadsConfig   3 descriptors   (anonymous namespace)::OpenConfig"))
      << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("ten_tests.cc:10\n  Server.KeepsItsLog    1 descriptor   ")) << ran.err;
}

TEST(GoogleTests, RunAsEverWithoutFdtrace) {
  const Ran ran = RunBare({Program("ten_tests")});
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("[  PASSED  ] 10 tests."));
}

// pytest's arguments before those of the test.
std::vector<std::string> Pytest(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"/usr/bin/env",
                                      "PYTHONPATH=" + Program(""),
                                      "PYTHONDONTWRITEBYTECODE=1",
                                      "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1",
                                      kPython,
                                      "-m",
                                      "pytest",
                                      "-p",
                                      "fdtrace_pytest",
                                      "-p",
                                      "no:cacheprovider",
                                      "--rootdir",
                                      Program("")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

void ExpectTheTwoOfTheSuite(const Traced& traced) {
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err << traced.ran.out;
  EXPECT_EQ(traced.report.tests_size(), 10) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), UnorderedElementsAre(Pair("marked_suite.py::test_leaks_three", 3),
                                                           Pair("marked_suite.py::test_runs_a_leaking_program", 1)))
      << DescribeTests(traced.report);
  EXPECT_THAT(traced.ran.out, HasSubstr("\n  marked_suite.py::test_leaks_three   3 descriptors\n"));
  EXPECT_THAT(traced.ran.out, Not(HasSubstr("log   ")));
}

TEST(Pytest, TheTwoOfTenThatLeakAreNamed) { ExpectTheTwoOfTheSuite(Trace(Pytest({Program("marked_suite.py")}))); }

TEST(Pytest, SoTheyAreWhereTwoWorkersShareTheTests) {
  const Traced traced = Trace(Pytest({"-p", "xdist", "-n", "2", Program("marked_suite.py")}));
  EXPECT_THAT(traced.ran.out, HasSubstr("gw1")) << traced.ran.out;
  ExpectTheTwoOfTheSuite(traced);
}

TEST(Pytest, ATestThatRunsPytestItselfGoesOnAfterwards) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/test_outer.py") << R"(
import os, pytest
def test_outer(tmp_path):
    (tmp_path / "test_inner.py").write_text("def test_inner(): pass")
    assert pytest.main(["-p", "fdtrace_pytest", str(tmp_path)]) == 0
    os.open("/dev/null", os.O_RDONLY)
)";
  const Traced traced = Trace(Pytest({"--rootdir", directory.path(), directory.path()}));
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.out;
  EXPECT_EQ(traced.report.tests_size(), 2) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), ElementsAre(Pair("test_outer.py::test_outer", 1)))
      << DescribeTests(traced.report);
}

TEST(Pytest, RunsAsEverWithoutFdtrace) {
  const Ran ran = RunBare(Pytest({Program("marked_suite.py")}));
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("10 passed"));
  EXPECT_THAT(ran.out, Not(HasSubstr("fdtrace ==")));
}

void ExpectThatLimitsHold(const Ran& ran) {
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("6 passed, 2 errors")) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("limited_suite.py::test_beyond_its_limit left 2 descriptors open that it opened, and "
                                 "may leave 1 (fdtrace's report says where they were opened)"))
      << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("limited_suite.py::test_whose_fixture_leaks left 1 descriptor open")) << ran.out;
}

TEST(Pytest, AMarkedTestThatLeavesMoreThanItsLimitFails) {
  ExpectThatLimitsHold(Trace(Pytest({Program("limited_suite.py")})).ran);
  ExpectThatLimitsHold(Trace(Pytest({"-p", "xdist", "-n", "2", Program("limited_suite.py")})).ran);
}

TEST(Pytest, LimitsHoldNobodyWithoutFdtraceWhichIsSaidOnce) {
  for (const std::vector<std::string>& workers : {std::vector<std::string>{}, {"-p", "xdist", "-n", "2"}}) {
    std::vector<std::string> arguments = workers;
    arguments.push_back(Program("limited_suite.py"));
    const Ran ran = RunBare(Pytest(arguments));
    EXPECT_EQ(ran.status, 0) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("6 passed")) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("\n5 tests with a limit not checked: pytest does not run under fdtrace\n"))
        << ran.out;
  }
}

// A program in the place of CMake's: it starts children, each of which is a test.
TEST(Runners, EachProcessThatCtestStartsIsATest) {
  const Traced traced = Trace(
      {Program("ctest"), Program("marked"), "leak", "--", Program("marked"), "fork", "--", "/bin/sh", "-c", "exit 0"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.report.tests_size(), 3) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), UnorderedElementsAre(Pair("marked leak", 1), Pair("marked fork", 1)))
      << DescribeTests(traced.report);
}

TEST(Runners, MarksWinOverTheProcessesThatCtestStarts) {
  const Traced traced = Trace({Program("ctest"), Program("marked"), "test:first", "leak", "--", Program("ten_tests")});
  EXPECT_EQ(traced.report.tests_size(), 11) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report),
              UnorderedElementsAre(Pair("first", 1), Pair("Parser.ReadsConfig", 3), Pair("Server.KeepsItsLog", 1)))
      << DescribeTests(traced.report);
}

TEST(Runners, EachProcessThatMesonTestStartsIsATest) {
  const TemporaryDirectory project;
  std::ofstream(project.path() + "/meson.build")
      << "project('tiny')\nmarked = find_program('" << Program("marked") << "')\n"
      << "test('leaks', marked, args: ['leak'])\n"
      << "test('closes', marked, args: ['leak', 'close'])\n";
  const Ran setup = RunBare({"meson", "setup", project.path() + "/build", project.path()});
  ASSERT_EQ(setup.status, 0) << setup.out << setup.err;
  const Traced traced = Trace({"meson", "test", "-C", project.path() + "/build"});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err << traced.ran.out;
  EXPECT_EQ(traced.report.tests_size(), 2) << DescribeTests(traced.report);
  EXPECT_THAT(Leaking(traced.report), ElementsAre(Pair("marked leak", 1))) << DescribeTests(traced.report);
}

}  // namespace
}  // namespace fdtrace
