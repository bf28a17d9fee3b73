// From the program's memory to the report: nothing complete is lost, and nothing that goes wrong on the way reaches the
// program.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/traced.h"

namespace fdtrace {
namespace {

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Looks again and again, ten seconds at most.
template <typename Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) usleep(10'000);
  return condition();
}

TEST(Transport, WhatWasRecordedBeforeSigkillIsNotLost) {
  const Traced traced = Trace({Program("killed")});
  EXPECT_EQ(traced.ran.status, 128 + SIGKILL);
  EXPECT_EQ(LeakIn(traced.report, "leak").still_open(), 1000u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
}

TEST(Transport, AProcessThatWritesOverWhatItSharesWithUsLosesItsOwnRecordingAndTheReportSaysSo) {
  const Traced traced = Trace({Program("scribbles")});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.ran.out, "the child scribbled\n");
  uint64_t still_open = 0;
  for (const LeakSite& leak : traced.report.leaks()) still_open += leak.still_open();
  EXPECT_GE(still_open, 5u) << Describe(traced.report);
  EXPECT_LT(traced.report.recording().events_lost(), 1000) << Describe(traced.report);
  std::string notes;
  for (const std::string& note : traced.report.recording().notes()) notes += note + "\n";
  EXPECT_NE(notes.find("damaged its record of events"), std::string::npos) << notes << traced.ran.err;
}

TEST(Transport, AProgramFasterThanTheCollectorLosesNothing) {
  const Traced traced = Trace({Program("busy"), "300000"});
  EXPECT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.ran.out, "300000 pairs\n");
  EXPECT_EQ(traced.report.recording().opened(), 300000u);
  EXPECT_EQ(traced.report.recording().events_lost(), 0);
  EXPECT_EQ(traced.report.leaks_size(), 0) << Describe(traced.report);
}

TEST(Transport, TheProgramOutlivesItsCollector) {
  const TemporaryDirectory directory;
  const std::string flag = directory.path() + "/go";
  const std::string trace = directory.path() + "/t.fdt";
  const pid_t fdtrace = fork();
  if (fdtrace == 0) {
    execl(FdtraceBinary().c_str(), "fdtrace", "-q", "-o", trace.c_str(), "--", Program("busy").c_str(), "200000",
          flag.c_str(), nullptr);
    _exit(127);
  }
  // The program has begun: it opens and waits for the flag. Its collector dies at the worst of times.
  usleep(300'000);
  kill(fdtrace, SIGKILL);
  waitpid(fdtrace, nullptr, 0);
  std::ofstream(flag) << "go";
  EXPECT_TRUE(Eventually([&] { return Content(flag) == "done"; }));
}

TEST(Transport, ALibraryWithoutACollectorDoesNothing) {
  const std::string library = std::filesystem::path(FdtraceBinary()).parent_path() / "interposer/libfdtrace.so";
  for (const std::string session :
       {"FDTRACE_SESSION=nobody-listens:0123456789abcdef0123456789abcdef", "FDTRACE_SESSION=junk"}) {
    const Ran ran = RunBare({"/usr/bin/env", "LD_PRELOAD=" + library, session, Program("load_config")});
    EXPECT_EQ(ran.status, 3);
    EXPECT_EQ(ran.out, "100 loads\n");
    EXPECT_EQ(ran.err, "");
  }
}

}  // namespace
}  // namespace fdtrace
