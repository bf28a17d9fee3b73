#include "findings/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings/report_maker.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A baseline, and what came after it.
Diff Example() {
  ReportMaker base, now;
  base.AddLeak("same", 5, 10);
  now.AddLeak("same", 5, 20);
  base.AddLeak("fewer", 5);
  now.AddLeak("fewer", 2);
  base.AddLeak("more", 1);
  now.AddLeak("more", 4);
  base.AddLeak("gone", 1);
  now.AddLeak("a|b<script>", 2);
  now.AddPinned("spool", {"/tmp/a", "/tmp/b", "/tmp/c"});
  Diff diff = Compare(base.report, now.report);
  diff.set_base("base.json");
  diff.set_now("now.fdt");
  return diff;
}

TEST(Diff, TellsNewGrownShrunkAndGoneInThisOrder) {
  const Diff diff = Example();
  std::vector<std::string> changes;
  for (const Change& change : diff.changes()) {
    changes.push_back(Change::State_Name(change.state()) + " " + change.stack(0).function() + " " +
                      std::to_string(change.before()) + " " + std::to_string(change.after()));
  }
  EXPECT_THAT(changes, ElementsAre("NEW spool 0 3", "NEW a|b<script> 0 2", "GROWN more 1 4", "SHRUNK fewer 5 2",
                                   "GONE gone 1 0"));
  EXPECT_EQ(diff.unchanged(), 1u);
}

TEST(Diff, CountsTheRowsOfOneFunctionTogether) {
  ReportMaker base, now;
  base.AddLeak("load", 3, 7);
  now.AddLeak("load", 3, 9);
  now.AddLeak("load", 1, 30);
  const Diff diff = Compare(base.report, now.report);
  ASSERT_EQ(diff.changes_size(), 1);
  EXPECT_EQ(diff.changes(0).state(), Change::GROWN);
  EXPECT_EQ(diff.changes(0).after(), 4u);
}

TEST(Diff, IsALineForEachChangeAndItsStack) {
  const std::string text = RenderDiffText(Example(), false);
  EXPECT_THAT(text, HasSubstr("base.json → now.fdt · 2 new, 1 grown, 1 shrunk, 1 gone, 1 unchanged\n"));
  EXPECT_THAT(text, HasSubstr(" GROWN   1 → 4   leak  4 of 4 descriptors opened in more (app.c:7)"));
  EXPECT_THAT(text, HasSubstr("     /src/app.c:99  main\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(RenderDiffText(Example(), true), HasSubstr("\x1b[1;31mNEW"));
}

TEST(Diff, IsATableInMarkdownThatNoNameBreaks) {
  const std::string markdown = RenderDiffMarkdown(Example());
  EXPECT_THAT(markdown, AllOf(HasSubstr("| grown | 1 | 4 | leak |"), HasSubstr("a&#124;b&lt;script&gt;")));
}

TEST(Diff, OfTheSameIsNothing) {
  ReportMaker one;
  one.AddLeak("load", 3);
  EXPECT_EQ(Compare(one.report, one.report).changes_size(), 0);
}

}  // namespace
}  // namespace fdtrace
