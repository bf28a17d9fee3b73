#include "viewer/tests_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

void AddLeak(Report& report, const std::string& function, uint32_t line) {
  Frame& frame = *report.add_leaks()->add_stack();
  frame.set_function(function);
  frame.set_file("/src/config.cc");
  frame.set_line(line);
}

Test& AddTest(Report& report, const std::string& name, uint32_t still_open = 0, std::vector<uint32_t> leaks = {}) {
  Test& test = *report.add_tests();
  test.set_name(name);
  test.set_still_open(still_open);
  *test.mutable_leaks() = {leaks.begin(), leaks.end()};
  return test;
}

TEST(TestsText, NamesTheTestsThatLeakedAndWhere) {
  Report report;
  AddLeak(report, "load_config", 42);
  AddLeak(report, "connect", 7);
  AddTest(report, "ParserTest.ReadsConfig", 13, {0, 1});
  AddTest(report, "Net.Connects", 1, {1});
  AddTest(report, "Clean.Test");
  EXPECT_EQ(TestsTitle(report), "2 of 3 left descriptors open");
  EXPECT_THAT(TestLines(report, /*full=*/false),
              ElementsAre("  ParserTest.ReadsConfig   13 descriptors   load_config  config.cc:42, and 1 more site",
                          "  Net.Connects               1 descriptor   connect      config.cc:7"));
  EXPECT_THAT(TestLines(report, /*full=*/true),
              ElementsAre("  ParserTest.ReadsConfig   13 descriptors   load_config  /src/config.cc:42",
                          "                                            connect      /src/config.cc:7",
                          "  Net.Connects               1 descriptor   connect      /src/config.cc:7"));
}

TEST(TestsText, SaysThatAllWereCleanAndNothingWhereThereWereNone) {
  Report report;
  EXPECT_EQ(TestsTitle(report), "");
  AddTest(report, "Clean.Test");
  AddTest(report, "Other.Test");
  EXPECT_EQ(TestsTitle(report), "none of 2 left descriptors open");
  EXPECT_THAT(TestLines(report, /*full=*/true), IsEmpty());
}

TEST(TestsText, TheSummaryHasTenTests) {
  Report report;
  AddLeak(report, "f", 1);
  for (int i = 0; i < 13; ++i) AddTest(report, "Suite.Test" + std::to_string(i), 1, {0});
  const std::vector<std::string> lines = TestLines(report, /*full=*/false);
  ASSERT_THAT(lines, SizeIs(11));
  EXPECT_EQ(lines.back(), "  … and 3 more tests, which the full report shows");
  EXPECT_THAT(TestLines(report, /*full=*/true), SizeIs(13));
}

}  // namespace
}  // namespace fdtrace
