#include "viewer/bad_closes_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "viewer/frames.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void AddStack(const std::string& function, uint32_t line, Frames& stack) {
  for (const auto& [name, at] : {std::pair(function, line), std::pair(std::string("main"), 40u)}) {
    Frame& frame = *stack.Add();
    frame.set_function(name);
    frame.set_file("/src/app.c");
    frame.set_line(at);
    frame.set_module("/opt/app");
  }
}

BadClose& AddDoubleClose(Report& report) {
  BadClose& row = *report.add_bad_closes();
  row.set_kind(BadClose::DOUBLE_CLOSE);
  row.set_fd(5);
  row.set_count(1);
  row.set_first_ns(12'000'000);
  row.set_call("close");
  row.set_previous_call("close");
  row.set_open_call("open");
  row.set_thread("app (7)");
  row.set_previous_thread("app (7)");
  AddStack("finish", 7, *row.mutable_stack());
  AddStack("stop", 5, *row.mutable_previously_closed_at());
  AddStack("start", 2, *row.mutable_originally_opened_at());
  row.set_advice("let one owner close it");
  return row;
}

TEST(BadClosesText, NamesTheThreePlacesInShort) {
  Report report;
  AddDoubleClose(report);
  EXPECT_EQ(BadClosesTitle(report, false), "1 call with a descriptor that was not open, from 1 place");
  EXPECT_THAT(
      BadCloseLines(report, false),
      ElementsAre(" 1 DOUBLE CLOSE  fd 5, 12 ms after the start", "     closed at         app.c:7  finish  (close)",
                  "     closed before at  app.c:5  stop  (close)", "     opened at         app.c:2  start  (open)",
                  "     advice: let one owner close it"));
}

TEST(BadClosesText, ShowsTheWholeStacksInFull) {
  Report report;
  AddDoubleClose(report);
  EXPECT_THAT(
      BadCloseLines(report, true),
      ElementsAre(" 1 DOUBLE CLOSE  fd 5, 12 ms after the start",
                  "     closed at         /src/app.c:7  finish  (close)",
                  "                         /src/app.c:7   finish", "                         /src/app.c:40  main",
                  "     closed before at  /src/app.c:5  stop  (close)", "                         /src/app.c:5   stop",
                  "                         /src/app.c:40  main", "     opened at         /src/app.c:2  start  (open)",
                  "                         /src/app.c:2   start", "                         /src/app.c:40  main",
                  "     advice: let one owner close it"));
}

TEST(BadClosesText, TellsTheThreadsWhereThereWereTwo) {
  Report report;
  AddDoubleClose(report).set_previous_thread("worker (8)");
  const std::vector<std::string> lines = BadCloseLines(report, false);
  EXPECT_THAT(lines, Contains("     closed at         app.c:7  finish  (close), in thread app (7)"));
  EXPECT_THAT(lines, Contains("     closed before at  app.c:5  stop  (close), in thread worker (8)"));
}

TEST(BadClosesText, OfWhatWasNeverOpenedThereIsOnePlace) {
  Report report;
  BadClose& row = *report.add_bad_closes();
  row.set_kind(BadClose::NEVER_OPENED);
  row.set_fd(900);
  row.set_count(1200);
  row.set_first_ns(1'000'000);
  row.set_pid(77);
  row.set_call("read");
  report.add_processes();
  report.add_processes();
  EXPECT_THAT(BadCloseLines(report, false),
              ElementsAre(" 1 NEVER OPENED  e.g. fd 900 of pid 77, 1,200 times, first 1.0 ms after the start",
                          "     called at         an unknown place, by read"));
}

TEST(BadClosesText, ShowsAFewInShortAndAllInFull) {
  Report report;
  for (int i = 0; i < 12; ++i) AddDoubleClose(report);
  EXPECT_EQ(BadCloseLines(report, false).back(), " … and 7 more places, which the full report shows");
  EXPECT_THAT(BadCloseLines(report, true), Contains(HasSubstr("12 DOUBLE CLOSE")));
}

TEST(BadClosesText, LeavesOutInShortWhatTheRulesLetPass) {
  Report report;
  AddDoubleClose(report);
  report.add_findings()->set_kind("close");
  EXPECT_THAT(BadClosesTitle(report, false), IsEmpty());
  EXPECT_THAT(BadCloseLines(report, false), IsEmpty());
  EXPECT_THAT(BadClosesTitle(report, true), HasSubstr("1 call"));
  report.mutable_findings(0)->set_left(1);
  EXPECT_THAT(BadClosesTitle(report, false), HasSubstr("1 call"));
}

TEST(BadClosesText, IsASectionOnlyWhereThereIsSomethingToTell) {
  Report report;
  EXPECT_THAT(BadClosesTitle(report, false), IsEmpty());
  EXPECT_THAT(RenderText(report, {}), Not(HasSubstr("WRONG CLOSES")));
  AddDoubleClose(report);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("\nWRONG CLOSES   1 call with a descriptor that was not open"));
}

}  // namespace
}  // namespace fdtrace
