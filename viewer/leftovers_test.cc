#include "viewer/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;

TraceLeftover& AddLeftover(TraceMaker& trace, const std::string& pattern, bool temporary, uint64_t bytes,
                           uint64_t files) {
  TraceLeftover& left = trace->leftovers.emplace_back();
  left.set_directory("/tmp");
  left.set_pattern(pattern);
  left.set_is_temporary(temporary);
  left.set_bytes(bytes);
  left.set_files(files);
  return left;
}

TEST(Leftovers, TellWhatWasLeftAndWhoMadeIt) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "make_part", "/src/spool.c", 7);
  const uint32_t maker = trace.AddStack({0x10});
  TraceLeftover& left = AddLeftover(trace, "tmp********", true, 327'680, 40);
  left.set_apparent_bytes(300'000);
  *left.add_created_at() = TraceMaker::PlaceAt(maker, "mkstemp", 40);
  const Report report = trace.Build();
  ASSERT_EQ(report.leftovers_size(), 1);
  const Leftover& shown = report.leftovers(0);
  EXPECT_EQ(shown.directory(), "/tmp");
  EXPECT_EQ(shown.pattern(), "tmp********");
  EXPECT_EQ(shown.files(), 40u);
  EXPECT_EQ(shown.bytes(), 327'680);
  EXPECT_EQ(shown.apparent_bytes(), 300'000);
  EXPECT_TRUE(shown.temporary());
  EXPECT_EQ(shown.call(), "mkstemp");
  ASSERT_EQ(shown.created_at_size(), 1);
  EXPECT_EQ(shown.created_at(0).function(), "make_part");
}

TEST(Leftovers, ComeTemporaryFirstThenByBytesThenByFiles) {
  TraceMaker trace;
  AddLeftover(trace, "out", false, 1000, 9);
  AddLeftover(trace, "few", true, 10, 1);
  AddLeftover(trace, "many", true, 10, 2);
  AddLeftover(trace, "large", true, 20, 1);
  const Report report = trace.Build();
  std::vector<std::string> patterns;
  for (const Leftover& left : report.leftovers()) patterns.push_back(left.pattern());
  EXPECT_THAT(patterns, ElementsAre("large", "many", "few", "out"));
}

TEST(Leftovers, ArePrintableWhateverTheirNames) {
  TraceMaker trace;
  AddLeftover(trace, "a\n\xff", true, 1, 1).set_directory("/tmp/\x1b");
  const Report report = trace.Build();
  EXPECT_EQ(report.leftovers(0).pattern(), "a\\x0a\\xff");
  EXPECT_EQ(report.leftovers(0).directory(), "/tmp/\\x1b");
}

}  // namespace
}  // namespace fdtrace
