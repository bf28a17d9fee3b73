// What is interposed is what is tested: every row of the table, run for real under fdtrace.
#include "tests/every_function.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <sstream>

#include "tests/traced.h"

namespace fdtrace {

void PrintTo(const Exercise& exercise, std::ostream* out) { *out << exercise.call; }

namespace {

struct Outcome {
  std::map<std::string, int> leaked;  // by call
  std::map<std::string, int> errors;  // of the calls that the machine refused
  int open = -1;                      // by the program's own look at /proc/self/fd
};

Outcome Parse(const std::string& out) {
  Outcome outcome;
  std::istringstream lines(out);
  std::string what, call;
  int number = 0;
  while (lines >> what) {
    if (what == "open") {
      lines >> outcome.open;
    } else {
      lines >> call >> number;
      (what == "leak" ? outcome.leaked : outcome.errors)[call] = number;
    }
  }
  return outcome;
}

Traced TraceRows(const std::vector<std::string>& rows) {
  const TemporaryDirectory scratch;
  std::vector<std::string> command = {"/usr/bin/env", "EVERY_FUNCTION_DIRECTORY=" + scratch.path(),
                                      Program("every_function")};
  command.insert(command.end(), rows.begin(), rows.end());
  return Trace(command);
}

uint32_t StillOpen(const Report& report) {
  uint32_t sum = 0;
  for (const LeakSite& leak : report.leaks()) sum += leak.still_open();
  return sum;
}

// One of the site's frames is the row's own function.
bool IsIn(const LeakSite& leak, const std::string& function) {
  for (const Frame& frame : leak.stack()) {
    if (frame.function().ends_with("::" + function)) return true;
  }
  return false;
}

class TableRow : public ::testing::TestWithParam<Exercise> {};

TEST_P(TableRow, IsSeenExactly) {
  const Exercise& exercise = GetParam();
  const Traced traced = TraceRows({exercise.call});
  ASSERT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Outcome outcome = Parse(traced.ran.out);
  if (outcome.errors.contains(exercise.call)) {
    ASSERT_TRUE(exercise.may_be_impossible) << strerror(outcome.errors.at(exercise.call));
    GTEST_SKIP() << exercise.call << " is refused here: " << strerror(outcome.errors.at(exercise.call));
  }
  EXPECT_EQ(outcome.open, exercise.leaks) << "the program itself";
  EXPECT_EQ(static_cast<int>(StillOpen(traced.report)), exercise.leaks) << Describe(traced.report);
  for (const LeakSite& leak : traced.report.leaks()) {
    EXPECT_EQ(leak.call(), exercise.call) << Describe(traced.report);
    EXPECT_TRUE(IsIn(leak, exercise.function)) << Describe(traced.report);
    EXPECT_EQ(leak.opened(), leak.closed() + leak.still_open());
  }
}

INSTANTIATE_TEST_SUITE_P(All, TableRow, ::testing::ValuesIn(EveryFunction()),
                         [](const auto& row) { return std::string(row.param.function).substr(strlen("leak_")); });

TEST(EveryCreator, LeakedOnceIsFoundOnceAndTheTotalIsWhatProcShows) {
  std::vector<std::string> rows;
  for (const Exercise& exercise : EveryFunction()) {
    const std::string call = exercise.call;
    // The get…ent functions share the descriptor that the set…ent of their family has opened.
    const bool shares = call.starts_with("get") && call.ends_with("ent");
    const bool again = call == "setutxent" || call == "getutxent";
    // And all that log share one socket, whose name may take a /dev of its own.
    const bool logs = call.ends_with("log") || call.ends_with("log_chk");
    if (exercise.leaks > 0 && !shares && !again && !logs) rows.push_back(call);
  }
  const Traced traced = TraceRows(rows);
  ASSERT_EQ(traced.ran.status, 0) << traced.ran.err;
  const Outcome outcome = Parse(traced.ran.out);
  EXPECT_GT(outcome.open, 90);
  EXPECT_EQ(static_cast<int>(StillOpen(traced.report)), outcome.open) << Describe(traced.report);
  std::map<std::string, int> found;
  for (const LeakSite& leak : traced.report.leaks()) found[leak.call()] += static_cast<int>(leak.still_open());
  EXPECT_EQ(found, outcome.leaked) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().corrections().opened_unseen(), 0u) << Describe(traced.report);
}

}  // namespace
}  // namespace fdtrace
