// What a user comes for: which code leaked which descriptors, with numbers that add up.
#include <gtest/gtest.h>

#include "tests/traced.h"

namespace fdtrace {
namespace {

TEST(Leaks, AFunctionThatForgetsEverySecondCloseIsGrowingAtItsLine) {
  const Traced traced = Trace({Program("load_config")});
  EXPECT_EQ(traced.ran.status, 3);
  EXPECT_EQ(traced.ran.out, "100 loads\n");
  EXPECT_EQ(traced.ran.err, "");
  ASSERT_EQ(traced.report.leaks_size(), 2) << Describe(traced.report);

  const LeakSite& worst = traced.report.leaks(0);
  EXPECT_EQ(worst.verdict(), LeakSite::GROWING);
  EXPECT_EQ(worst.opened(), 100u);
  EXPECT_EQ(worst.closed(), 50u);
  EXPECT_EQ(worst.still_open(), 50u);
  EXPECT_EQ(worst.call(), "open");
  EXPECT_EQ(worst.resource(), "file");
  ASSERT_GE(worst.stack_size(), 2);
  EXPECT_EQ(worst.stack(0).function(), "load_config");
  EXPECT_TRUE(worst.stack(0).file().ends_with("tests/programs/load_config.c")) << worst.stack(0).file();
  EXPECT_EQ(worst.stack(0).line(), 14u);
  EXPECT_EQ(worst.stack(1).function(), "main");
  ASSERT_EQ(worst.usually_closed_at_size(), 1);
  EXPECT_EQ(worst.usually_closed_at(0).count(), 50u);
  EXPECT_EQ(worst.usually_closed_at(0).stack(0).function(), "load_config");
  EXPECT_EQ(worst.usually_closed_at(0).stack(0).line(), 15u);
  ASSERT_EQ(worst.descriptors_size(), 50);
  EXPECT_EQ(worst.descriptors(0).path(), "/etc/passwd");

  const LeakSite& kept = traced.report.leaks(1);
  EXPECT_EQ(kept.verdict(), LeakSite::SINGLE);
  EXPECT_EQ(kept.still_open(), 1u);
  EXPECT_EQ(kept.stack(0).function(), "open_log");
  EXPECT_TRUE(traced.report.recording().complete());
}

TEST(Leaks, EightThreadsThatReuseNumbersAreCountedExactly) {
  const Traced traced = Trace({Program("threads")});
  ASSERT_EQ(traced.ran.status, 0);
  ASSERT_EQ(traced.report.leaks_size(), 1) << Describe(traced.report);
  EXPECT_EQ(traced.report.leaks(0).still_open(), 24u);
  EXPECT_EQ(traced.report.leaks(0).stack(0).function(), "leak");
  EXPECT_EQ("opened " + std::to_string(traced.report.recording().opened()) + "\n", traced.ran.out);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
}

TEST(Leaks, EveryWayOfClosingIsSeenEvenOneThatPassesEveryLibrary) {
  const Traced traced = Trace({Program("closers")});
  ASSERT_EQ(traced.ran.status, 0);
  EXPECT_EQ(traced.report.leaks_size(), 0) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().corrections().closed_unseen(), 2u) << Describe(traced.report);
}

TEST(Leaks, WhatTheCallerOfFdtracePassedDownIsNoLeak) {
  const TemporaryDirectory directory;
  const std::string report = directory.path() + "/report.json";
  const Ran ran = RunBare({"/bin/sh", "-c", "exec 8</dev/zero 9</dev/null; exec \"$@\"", "sh", FdtraceBinary(), "-q",
                           "-r", report, "-o", directory.path() + "/t.fdt", "--", Program("load_config")});
  EXPECT_EQ(ran.status, 3) << ran.err;
  const Report parsed = ReadReport(report);
  EXPECT_EQ(parsed.recording().still_open(), 51u) << Describe(parsed);
  for (const LeakSite& leak : parsed.leaks()) {
    for (const Descriptor& descriptor : leak.descriptors())
      EXPECT_NE(descriptor.path(), "/dev/zero") << Describe(parsed);
  }
}

}  // namespace
}  // namespace fdtrace
