#include "viewer/tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Maker : public TraceMaker {
 public:
  uint32_t AddTest(const std::string& name, uint64_t opened) {
    TraceTest& test = (*this)->tests.emplace_back();
    test.set_index(static_cast<uint32_t>((*this)->tests.size()));
    test.set_name(name);
    test.set_opened(opened);
    return test.index();
  }
  TraceProcess& AddChild(uint32_t serial, uint32_t parent_pid, const std::vector<std::string>& command) {
    TraceProcess& process = AddProcess(serial, 100 + serial);
    process.set_parent_pid(parent_pid);
    process.set_executable(command[0]);
    *process.mutable_command_line() = {command.begin(), command.end()};
    process.set_started_ns(serial);
    process.set_opened(10);
    return process;
  }
  // The program that was recorded.
  TraceProcess& Root(const std::vector<std::string>& command) {
    TraceProcess& root = (*this)->processes[0];
    root.set_executable(command[0]);
    *root.mutable_command_line() = {command.begin(), command.end()};
    return root;
  }
  // One descriptor that is still open, of that process.
  void AddOpen(uint32_t process, uint32_t test = 0) {
    const uint32_t stack = AddStack({0x100 * ((*this)->sites.size() + 1)});
    TraceDescriptor& descriptor = AddDescriptor(AddSite(stack, 1, 1).index(), 3, kSecond);
    descriptor.set_process(process);
    descriptor.set_test(test);
  }
};

std::vector<std::string> Shown(const Report& report) {
  std::vector<std::string> rows;
  for (const Test& test : report.tests()) {
    rows.push_back(test.name() + " " + std::to_string(test.still_open()) + "/" + std::to_string(test.opened()));
  }
  return rows;
}

TEST(Tests, ThoseThatLeftMostComeFirstThenTheOrderTheyRan) {
  Maker trace;
  trace.AddTest("clean", 5);
  const uint32_t one = trace.AddTest("one", 1);
  trace.AddTest("idle", 0);
  const uint32_t two = trace.AddTest("two", 4);
  trace.AddOpen(1, one);
  trace.AddOpen(1, two);
  trace.AddOpen(1);
  trace.AddOpen(1, two);
  const Report report = trace.Build();
  EXPECT_THAT(Shown(report), ElementsAre("two 2/4", "one 1/1", "clean 0/5", "idle 0/0"));
  for (const uint32_t row : report.tests(0).leaks()) EXPECT_EQ(report.leaks(row).descriptors(0).test(), "two");
  EXPECT_EQ(report.tests(0).leaks_size(), 2);
  EXPECT_THAT(report.tests(2).leaks(), IsEmpty());
}

TEST(Tests, AProgramThatMarksNoneAndIsNoTestRunnerHasNone) {
  Maker trace;
  trace.AddChild(2, 100, {"/bin/tool"});
  trace.AddOpen(2);
  const Report report = trace.Build();
  EXPECT_THAT(report.tests(), IsEmpty());
  EXPECT_EQ(report.leaks(0).descriptors(0).test(), "");
}

TEST(Tests, EachChildOfCtestIsOneWithAllThatItStarted) {
  Maker trace;
  trace.Root({"/usr/bin/ctest", "-j2"});
  trace.AddChild(2, 100, {"/build/parser_test", "--fast"});
  trace.AddChild(3, 100, {"/build/server_test"});
  trace.AddChild(4, 103, {"/bin/helper"});
  trace.AddOpen(4);
  const Report report = trace.Build();
  EXPECT_THAT(Shown(report), ElementsAre("server_test 1/20", "parser_test --fast 0/10"));
  EXPECT_EQ(report.leaks(0).descriptors(0).test(), "server_test");
}

TEST(Tests, EachChildOfMesonTestIsOneButNotThatWhichPrepares) {
  Maker trace;
  trace.AddChild(2, 100, {"/usr/bin/python3.11", "/usr/bin/meson", "test", "-C", "build"})
      .set_executable("/usr/bin/python3.11");
  trace.AddChild(3, 102, {"/usr/bin/ninja", "-C", "build"});
  trace.AddChild(4, 103, {"/usr/bin/cc"});
  trace.AddChild(5, 102, {"/usr/bin/perl", "/usr/bin/dpkg-architecture", "-q"});
  trace.AddChild(6, 102, {"/build/parser_test", "with", "ninja"});
  EXPECT_THAT(Shown(trace.Build()), ElementsAre("parser_test with ninja 0/10"));
}

TEST(Tests, MesonThatTestsNothingIsNoRunner) {
  Maker trace;
  trace.Root({"/usr/bin/python3", "/usr/bin/meson", "setup", "build"});
  trace.AddChild(2, 100, {"/usr/bin/cc"});
  EXPECT_THAT(trace.Build().tests(), IsEmpty());
}

TEST(Tests, ARunnerThatARunnerStartedIsNoTestItself) {
  Maker trace;
  trace.Root({"/usr/bin/ctest"});
  trace.AddChild(2, 100, {"/usr/bin/ctest", "--test-dir", "inner"});
  trace.AddChild(3, 102, {"/build/inner_test"});
  EXPECT_THAT(Shown(trace.Build()), ElementsAre("inner_test 0/10"));
}

TEST(Tests, MarksWinOverTheProcessesOfARunner) {
  Maker trace;
  trace.Root({"/usr/bin/ctest"});
  trace.AddChild(2, 100, {"/build/parser_test"});
  trace.AddOpen(2, trace.AddTest("Parser.Reads", 1));
  EXPECT_THAT(Shown(trace.Build()), ElementsAre("Parser.Reads 1/1"));
}

TEST(Tests, TestsOfOneCommandAreOneAndLongCommandsAreCut) {
  Maker trace;
  trace.Root({"/usr/bin/ctest"});
  trace.AddChild(2, 100, {"/build/t", std::string(200, 'x')});
  trace.AddChild(3, 100, {"/build/t", std::string(200, 'x')});
  EXPECT_THAT(Shown(trace.Build()), ElementsAre("t " + std::string(77, 'x') + "… 0/20"));
}

TEST(Tests, NamesFromAStrangersMemoryAreMadePrintable) {
  Maker trace;
  trace.AddOpen(1, trace.AddTest("bad\x1b\xff", 1));
  const Report report = trace.Build();
  EXPECT_THAT(Shown(report), ElementsAre("bad\\x1b\\xff 1/1"));
}

TEST(Tests, ADamagedTracesIndicesNameNothing) {
  Maker trace;
  trace.AddTest("only", 1);
  trace.AddOpen(1, 99);
  EXPECT_THAT(Shown(trace.Build()), ElementsAre("only 0/1"));
}

}  // namespace
}  // namespace fdtrace
