// Closes and uses of descriptors that are not open, of real programs: what is told of them, and that nothing is told of
// programs that do right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Stack = google::protobuf::RepeatedPtrField<Frame>;

Traced TraceAction(const std::string& action) { return Trace({Program("wrong_closes"), action}); }

// The line of source that a frame is at.
std::string SourceOf(const Frame& frame) {
  std::ifstream file(frame.file());
  std::string line;
  for (uint32_t i = 0; i < frame.line(); ++i) std::getline(file, line);
  return line;
}

// The frame that names the stack: "close_it: close(fd);  // closed here".
std::string Own(const Stack& stack) {
  for (const Frame& frame : stack) {
    if (!frame.own()) continue;
    const std::string line = SourceOf(frame);
    return frame.function() + ": " + line.substr(std::min(line.find_first_not_of(' '), line.size()));
  }
  return "";
}

// "DOUBLE_CLOSE x1: close in FUNCTION: LINE\n after close in FUNCTION: LINE\n of open in FUNCTION: LINE"
std::string Told(const BadClose& row) {
  std::string told = BadClose::Kind_Name(row.kind()) + " x" + std::to_string(row.count()) + ": " + row.call() + " in " +
                     Own(row.stack());
  if (!row.previous_call().empty()) {
    told += "\n after " + row.previous_call() + " in " + Own(row.previously_closed_at());
  }
  if (!row.open_call().empty()) told += "\n of " + row.open_call() + " in " + Own(row.originally_opened_at());
  return told;
}

std::vector<std::string> Told(const Report& report) {
  std::vector<std::string> told;
  for (const BadClose& row : report.bad_closes()) told.push_back(Told(row));
  return told;
}

TEST(WrongCloses, ASecondCloseHasThreeStacks) {
  const Traced traced = TraceAction("double_close");
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_THAT(Told(traced.report),
              ElementsAre("DOUBLE_CLOSE x1: close in close_it_again: close(fd);  // closed again here\n"
                          " after close in close_it: close(fd);  // closed here\n"
                          " of open in open_it: const int fd = open(\"/dev/null\", O_RDWR);  // "
                          "opened here"));
  ASSERT_THAT(traced.report.bad_closes(), SizeIs(1));
  const BadClose& row = traced.report.bad_closes(0);
  EXPECT_EQ(row.fd(), 3);
  ASSERT_GE(row.stack_size(), 2);
  EXPECT_EQ(row.stack(1).function(), "double_close");
  EXPECT_EQ(row.thread(), row.previous_thread());
  EXPECT_THAT(row.thread(), HasSubstr("wrong_closes ("));
}

TEST(WrongCloses, FailARunUnlessOnlyLeaksShall) {
  const std::vector<std::string> gate = {"--error-exitcode", "7"};
  EXPECT_EQ(Trace({Program("wrong_closes"), "double_close"}, gate).ran.status, 7);
  EXPECT_EQ(Trace({Program("wrong_closes"), "double_close"}, {"--error-exitcode", "7", "--fail-on", "leak"}).ran.status,
            0);
  EXPECT_EQ(Trace({Program("wrong_closes"), "never_opened"}, gate).ran.status, 0);
  EXPECT_EQ(
      Trace({Program("wrong_closes"), "never_opened"}, {"--error-exitcode", "7", "--fail-on", "close"}).ran.status, 7);
}

TEST(WrongCloses, ANumberThatNothingHadIsToldByItsClose) {
  const Traced traced = TraceAction("never_opened");
  EXPECT_THAT(Told(traced.report),
              ElementsAre("NEVER_OPENED x1: close in close_a_guess: close(900);  // which nothing had"));
}

TEST(WrongCloses, AStreamClosedTwiceIsToldThoughItEndsTheProgram) {
  const Traced traced = TraceAction("stream_twice");
  EXPECT_THAT(traced.ran.status, AnyOf(0, 128 + SIGABRT, 128 + SIGSEGV));
  EXPECT_THAT(
      Told(traced.report),
      ElementsAre("STREAM_CLOSED_TWICE x1: fclose in close_stream_again: fclose(stream);  // closed again here\n"
                  " after fclose in close_stream: fclose(stream);  // closed here\n"
                  " of fopen in open_stream: FILE* const stream = fopen(\"/dev/null\", \"r\");  // opened here"));
}

TEST(WrongCloses, ADescriptorClosedBeneathItsStreamIsToldByTheStreamsClose) {
  const Traced traced = TraceAction("beneath_stream");
  EXPECT_THAT(
      Told(traced.report),
      ElementsAre("CLOSED_BENEATH_STREAM x1: fclose in close_stream: fclose(stream);  // closed here\n"
                  " after close in close_it: close(fd);  // closed here\n"
                  " of fopen in open_stream: FILE* const stream = fopen(\"/dev/null\", \"r\");  // opened here"));
}

TEST(WrongCloses, UseAfterCloseIsToldOfEachCall) {
  const Traced traced = TraceAction("use_after_close");
  const std::string before =
      "\n after close in close_it: close(fd);  // closed here\n"
      " of open in open_it: const int fd = open(\"/dev/null\", O_RDWR);  // opened here";
  EXPECT_THAT(
      Told(traced.report),
      ElementsAre("USE_AFTER_CLOSE x3: read in use_after_close: for (int i = 0; i < 3; ++i) read(fd, &byte, 1);  // "
                  "three times" +
                      before,
                  "USE_AFTER_CLOSE x1: write in use_after_close: write(fd, &byte, 1);" + before,
                  "NEVER_OPENED x1: read in use_after_close: read(901, &byte, 1);                             // which "
                  "nothing had"));
}

TEST(WrongCloses, ACloseOfWhatIsAnothersByNowIsToldByThatOne) {
  const Traced traced = TraceAction("reused");
  EXPECT_THAT(Told(traced.report),
              ElementsAre("REUSED x1: close in loses_its_own: close(fd);  // it is gone\n"
                          " after close in close_it_again: close(fd);  // closed again here\n"
                          " of open in open_another: const int fd = open(\"/dev/zero\", O_RDONLY);  // the owner's"));
  ASSERT_THAT(traced.report.bad_closes(), SizeIs(1));
  EXPECT_THAT(traced.report.bad_closes(0).thread(), HasSubstr("owner"));
  EXPECT_THAT(traced.report.bad_closes(0).previous_thread(), HasSubstr("thief"));
}

TEST(WrongCloses, WhatOneThreadClosesForAnotherAndThatClosesAgainIsAPlainDoubleClose) {
  const Traced traced = TraceAction("twice_in_two_threads");
  EXPECT_THAT(Told(traced.report),
              ElementsAre("DOUBLE_CLOSE x1: close in close_it_again: close(fd);  // closed again here\n"
                          " after close in close_it: close(fd);  // closed here\n"
                          " of open in open_another: const int fd = open(\"/dev/zero\", O_RDONLY);  // the owner's"));
}

TEST(WrongCloses, AHandlerThatClosesIsTheFirstOfTwo) {
  const Traced traced = TraceAction("in_handler");
  ASSERT_THAT(traced.report.bad_closes(), SizeIs(1));
  const BadClose& row = traced.report.bad_closes(0);
  EXPECT_EQ(row.kind(), BadClose::DOUBLE_CLOSE);
  ASSERT_GE(row.previously_closed_at_size(), 2);
  EXPECT_EQ(row.previously_closed_at(1).function(), "close_in_handler");
}

class NothingWrong : public ::testing::TestWithParam<const char*> {};

TEST_P(NothingWrong, IsToldOfAProgramThatDoesRight) {
  const Traced traced = TraceAction(GetParam());
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_THAT(Told(traced.report), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(WrongCloses, NothingWrong,
                         ::testing::Values("sweep", "sweep_down", "sweep_of_what_is_there", "negative", "in_fork",
                                           "over", "in_vfork", "again_and_again", "wrong_direction"),
                         [](const auto& action) { return std::string(action.param); });

TEST(WrongCloses, OfPythonHaveItsLines) {
  const Traced traced = Trace({"/usr/bin/python3", Program("wrong_closes.py")});
  EXPECT_EQ(traced.ran.out, "Bad file descriptor\nBad file descriptor\n") << traced.ran.err;
  EXPECT_THAT(Told(traced.report), ElementsAre("DOUBLE_CLOSE x1: close in finish: os.close(fd)  # the second\n"
                                               " after close in stop: os.close(fd)  # the first\n"
                                               " of open64 in <module>: fd = os.open(\"/dev/null\", os.O_RDONLY)",
                                               "DOUBLE_CLOSE x1: close in <module>: connection.close()\n"
                                               " after close in <module>: os.close(connection.fileno())\n"
                                               " of socket in <module>: connection = socket.socket()"));
}

// It closes a pipe between two commands twice, as the kernel's answer shows.
TEST(WrongCloses, OfBashItselfAreToldAndLetPass) {
  const Traced traced =
      Trace({"/bin/bash", "-c", "echo 1 | cat | sort"}, {"--error-exitcode", "7", "--fail-on", "close"});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_FALSE(traced.report.bad_closes().empty());
  for (const BadClose& row : traced.report.bad_closes()) {
    EXPECT_EQ(row.kind(), BadClose::DOUBLE_CLOSE) << Told(row);
    EXPECT_THAT(row.stack(0).module(), HasSubstr("/bash")) << Told(row);
  }
}

// Programs that many people run make none, as far as is known.
TEST(WrongCloses, AreNotFoundWhereThereAreNone) {
  const TemporaryDirectory directory;
  for (
      const std::string line : {
          "for i in 1 2 3; do echo $i | cat | sort >out; done; exec 5<out; read x <&5; exec 5<&-; echo 6>other; wc out",
          "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m m && git status && git log",
          "/usr/bin/python3 -c 'import subprocess; [subprocess.run([\"true\"]) for i in range(3)]'",
          "find / -maxdepth 2 >list; tar cf list.tar list; gzip list.tar; ls -l",
      }) {
    const Traced traced = Trace({"/bin/dash", "-c", "cd " + directory.path() + " && " + line});
    EXPECT_GT(traced.report.recording().events(), 0) << line;
    EXPECT_THAT(Told(traced.report), IsEmpty()) << line;
  }
}

}  // namespace
}  // namespace fdtrace
