#include "findings/markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Markdown(const Report& report) { return RenderMarkdown(report, {.source_root = kRoot}); }

size_t Occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Markdown, OfACleanRunIsOneLine) {
  EXPECT_EQ(Markdown(EmptyReport()), "fdtrace: ./app --once ended with status 3 after 1.5 s: nothing found\n");
}

TEST(Markdown, DoesNotCallARunCleanThatItDidNotSeeWhole) {
  Report report = EmptyReport();
  report.mutable_recording()->set_complete(false);
  EXPECT_THAT(Markdown(report), HasSubstr("the recording is not complete"));
}

TEST(Markdown, ShowsWhatFailsBeforeWhatElseWasFound) {
  Report report = EmptyReport();
  for (const char* name : {"one", "two", "three", "four"}) AddLeak(name, "/work/app/src/load.c", 7, report);
  AddFindings(report);
  Fail(1, report);
  Suppress(2, report);
  Allow(3, report);
  const std::string text = Markdown(report);
  EXPECT_THAT(text, StartsWith("### fdtrace: ./app --once ended with status 3 after 1.5 s\n\n"
                               "**1 finding fails**, 1 other finding, 30 suppressed, 30 allowed by the baseline\n"));
  EXPECT_THAT(
      text,
      HasSubstr("\n| growing | 30 | 30 of 40 descriptors opened in two (load.c:7) are still open: file, growing | "
                "<code>src/load.c:7</code> |\n"));
  EXPECT_LT(text.find("What fails"), text.find("opened in two"));
  EXPECT_LT(text.find("opened in two"), text.find("What else was found"));
  EXPECT_LT(text.find("What else was found"), text.find("opened in one"));
  EXPECT_THAT(text, Not(HasSubstr("opened in three")));
}

TEST(Markdown, SaysWhereNothingFails) {
  Report report = ManyLeaks(2);
  report.mutable_findings(1)->set_fails(false);
  EXPECT_THAT(Markdown(report), AllOf(HasSubstr("\n\nNothing fails, 2 findings\n"), HasSubstr("What was found")));
}

TEST(Markdown, FoldsTheStacksOfTheFirstTwenty) {
  const std::string text = Markdown(ManyLeaks(25, 40));
  EXPECT_EQ(Occurrences(text, "<details>"), 20);
  EXPECT_EQ(Occurrences(text, "</details>"), 20);
  EXPECT_THAT(text, AllOf(HasSubstr("<pre>load_24 at src/load.c:25\nmain at src/main.c:9\n"),
                          HasSubstr("\nand 10 more frames\n</pre></details>")));
}

TEST(Markdown, NamesTheTestsThatLeftDescriptors) {
  Report report = ManyLeaks(1);
  for (const uint32_t open : {3, 0}) {
    fdtrace::Test& test = *report.add_tests();
    test.set_name("a::test_" + std::to_string(open));
    test.set_still_open(open);
  }
  EXPECT_THAT(Markdown(report), AllOf(HasSubstr("| <code>a::test\\_3</code> | 3 |\n"), Not(HasSubstr("test\\_0"))));
}

// Every row of a table has its four or two bars that are not escaped, and no tag is but ours.
TEST(Markdown, LetsNoNameBreakATableOrMakeMarkup) {
  Report report = EmptyReport();
  AddLeak("f<T>|*&`\n\n</pre></details><script>", kOddName, 7, report);
  AddFindings(report);
  report.mutable_recording()->add_command("</h3>\n| x |");
  report.add_tests()->set_name("t|<b>\n");
  report.mutable_tests(0)->set_still_open(1);
  const std::string text = Markdown(report);
  std::istringstream lines(text);
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line[0] != '|') continue;
    ++rows;
    const auto bars = std::count(line.begin(), line.end(), '|');
    EXPECT_TRUE(bars == 5 || bars == 3) << line;
  }
  EXPECT_EQ(rows, 6) << text;
  for (const char* markup : {"<script", "<img", "<b>", "</h3>", "<T>"}) EXPECT_THAT(text, Not(HasSubstr(markup)));
  EXPECT_EQ(Occurrences(text, "</details>"), 1) << text;
  EXPECT_GT(text.find('`'), text.find("<details>")) << text;  // what is in there is HTML and no Markdown
}

TEST(Markdown, ShowsNamesAsTheyAre) {
  EXPECT_EQ(EscapedMarkdown("a_b*[x](y) <p>&`|\\ @me #1 ~~"),
            "a\\_b\\*\\[x\\](y) &lt;p&gt;&amp;&#96;&#124;&#92; \\@me \\#1 \\~\\~");
  EXPECT_EQ(EscapedMarkdown("a\nb"), "a&#92;x0ab");
}

TEST(Markdown, LeavesOutRowsAtTheEndWhereThereIsNoRoom) {
  const Report report = ManyLeaks(10'000);
  const std::string whole = Markdown(report);
  EXPECT_THAT(whole, Not(HasSubstr("left out")));
  const std::string cut = RenderMarkdown(report, {.source_root = kRoot}, 100'000);
  EXPECT_LE(cut.size(), 100'000);
  EXPECT_GT(cut.size(), 99'000);
  EXPECT_THAT(cut, HasSubstr("opened in load\\_9999 "));  // which fails
  EXPECT_EQ(Occurrences(cut, "</details>"), 20);
  EXPECT_THAT(cut, HasSubstr("rows left out here for want of room.\n"));
}

// Each a little more than the one before: what is left out, and the note of it, never reach over.
TEST(Markdown, IsNeverLongerThanItMayBe) {
  const Report report = ManyLeaks(300);
  for (size_t most = 30'000; most < 30'300; most += 7) {
    EXPECT_LE(RenderMarkdown(report, {.source_root = kRoot}, most).size(), most);
  }
}

}  // namespace
}  // namespace fdtrace
