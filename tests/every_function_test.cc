// What is interposed is what is tested: every row of the table, run for real under fdtrace.
#include "tests/every_function.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
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

// Those that programs/call_results.cc does not call: they do not return, cannot fail, or have no failure that is cheap
// to make.
bool IsWithoutResults(const std::string& call) {
  static const std::set<std::string> some = {"_Exit",
                                             "_exit",
                                             "_Fork",
                                             "__fork",
                                             "fork",
                                             "__vfork",
                                             "vfork",
                                             "clone",
                                             "daemon",
                                             "forkpty",
                                             "closefrom",
                                             "dlclose",
                                             "execl",
                                             "execle",
                                             "execlp",
                                             "openpty",
                                             "getpt",
                                             "rcmd",
                                             "rcmd_af",
                                             "rexec",
                                             "rexec_af",
                                             "rresvport",
                                             "rresvport_af",
                                             "syscall",
                                             "fspick",
                                             "__mq_open_2",
                                             "fts_open",
                                             "fts_close",
                                             "fts64_open",
                                             "fts64_close",
                                             "fwrite",
                                             "fwrite_unlocked",
                                             "_IO_fwrite",
                                             "fflush_unlocked",
                                             "_IO_fflush",
                                             "tmpfile64",
                                             "__setmntent",
                                             "endmntent",
                                             "__endmntent",
                                             "syscall(exit_group)",
                                             "syscall(seccomp)",
                                             "syscall(memfd_secret)",
                                             "syscall(pidfd_open)",
                                             "syscall(inotify_init)"};
  const bool of_a_family =
      call.ends_with("ent") && (call.starts_with("get") || call.starts_with("set") || call.starts_with("end"));
  const bool of_logs = call.ends_with("log") || call.ends_with("log_chk");
  const bool of_old_streams =
      call.starts_with("_IO_file") || call.starts_with("_IO_proc") || call == "_IO_popen" || call == "_IO_fclose";
  return some.contains(call) || (of_a_family && call != "setmntent") || call.ends_with("utxent") || of_logs ||
         of_old_streams;
}

std::set<std::string> CallsTold(const std::string& out) {
  std::set<std::string> calls;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) calls.insert(line.substr(0, line.find_first_of(": ")));
  return calls;
}

std::string FirstDifference(const std::string& one, const std::string& other) {
  std::istringstream lines(one), others(other);
  for (std::string line, same; std::getline(lines, line);) {
    if (!std::getline(others, same) || same != line) return "bare " + line + ", traced " + same;
  }
  return "";
}

TEST(EveryCall, HasTheResultAndTheErrnoThatItHasWithoutUs) {
  const TemporaryDirectory for_bare;
  const TemporaryDirectory for_traced;
  const Ran bare = RunBare({"/usr/bin/env", "-C", for_bare.path(), Program("call_results")}, "", 120);
  const Traced traced = Trace({"/usr/bin/env", "-C", for_traced.path(), Program("call_results")}, {}, "", 120);
  ASSERT_EQ(bare.status, 0) << bare.err;
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(FirstDifference(bare.out, traced.ran.out), "");
  EXPECT_EQ(bare.out.size(), traced.ran.out.size());
  EXPECT_EQ(bare.err, traced.ran.err);
  const std::set<std::string> called = CallsTold(bare.out);
  for (const Exercise& exercise : EveryFunction()) {
    EXPECT_NE(called.contains(exercise.call), IsWithoutResults(exercise.call)) << exercise.call;
  }
}

}  // namespace
}  // namespace fdtrace
