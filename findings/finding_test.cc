#include "findings/finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

void AddFrame(const std::string& function, Frames* stack) {
  Frame& frame = *stack->Add();
  frame.set_function(function);
  frame.set_file("/src/app.c");
  frame.set_line(7);
  frame.set_module("/opt/app");
}

Report WithOneOfEach() {
  Report report;
  LeakSite& leak = *report.add_leaks();
  leak.set_verdict(LeakSite::GROWING);
  leak.set_resource("socket");
  leak.set_call("socket");
  leak.set_opened(1200);
  leak.set_still_open(30);
  AddFrame("connect_to", leak.mutable_stack());
  PinnedSite& pinned = *report.add_pinned_sites();
  pinned.set_bytes(5 << 20);
  pinned.set_files(5);
  pinned.set_call("open");
  AddFrame("spool", pinned.mutable_stack());
  BadClose& close = *report.add_bad_closes();
  close.set_kind(BadClose::DOUBLE_CLOSE);
  close.set_fd(5);
  close.set_count(3);
  AddFrame("finish", close.mutable_stack());
  Failure& failure = *report.add_failures();
  failure.set_error("EMFILE");
  failure.set_call("accept");
  failure.set_count(1);
  AddFrame("serve", failure.mutable_stack());
  Leftover& left = *report.add_leftovers();
  left.set_directory("/tmp");
  left.set_pattern("tmp********");
  left.set_files(1);
  left.set_bytes(4096);
  left.set_temporary(true);
  left.set_call("mkstemp");
  AddFrame("scratch", left.mutable_created_at());
  Inherited& inherited = *report.add_inherited();
  inherited.set_executable("/usr/bin/gcc");
  inherited.set_count(2);
  inherited.set_call("open");
  AddFrame("load", inherited.mutable_stack());
  AddFindings(report);
  return report;
}

TEST(Finding, IsASentenceForEveryKindOfRow) {
  const Report report = WithOneOfEach();
  std::vector<std::string> messages;
  for (const Finding& finding : report.findings()) messages.push_back(finding.message());
  EXPECT_THAT(messages,
              ElementsAre("30 of 1,200 descriptors opened in connect_to (app.c:7) are still open: socket, growing",
                          "5 MiB in 5 files without a name, opened in spool (app.c:7), were held to the end",
                          "descriptor 5, which was closed already, is closed in finish (app.c:7), 3 times",
                          "accept in serve (app.c:7) failed with EMFILE",
                          "1 file, 4 KiB, made in scratch (app.c:7) was left in /tmp: tmp********",
                          "2 descriptors opened in load (app.c:7) were passed on to gcc for want of CLOEXEC"));
}

TEST(Finding, SaysHowADescriptorThatWasNotOpenCameToBeGiven) {
  Report report;
  for (const auto& [kind, call] :
       std::vector<std::pair<BadClose::Kind, std::string>>{{BadClose::DOUBLE_CLOSE, "close"},
                                                           {BadClose::REUSED, "close"},
                                                           {BadClose::STREAM_CLOSED_TWICE, "fclose"},
                                                           {BadClose::CLOSED_BENEATH_STREAM, "fclose"},
                                                           {BadClose::USE_AFTER_CLOSE, "write"},
                                                           {BadClose::NEVER_OPENED, "read"}}) {
    BadClose& close = *report.add_bad_closes();
    close.set_kind(kind);
    close.set_call(call);
    close.set_fd(5);
    close.set_count(kind == BadClose::USE_AFTER_CLOSE ? 2 : 1);
    AddFrame("finish", close.mutable_stack());
    if (kind != BadClose::NEVER_OPENED) AddFrame("stop", close.mutable_previously_closed_at());
  }
  AddFindings(report);
  std::vector<std::string> messages;
  for (const Finding& finding : report.findings()) messages.push_back(finding.message());
  EXPECT_THAT(
      messages,
      ElementsAre(
          "descriptor 5, which was closed already in stop (app.c:7), is closed in finish (app.c:7)",
          "descriptor 5 is missed by close in finish (app.c:7), for it was closed already in stop (app.c:7), "
          "by a thread that had closed that number before it was opened anew",
          "the stream of descriptor 5, which was closed already in stop (app.c:7), is closed in finish (app.c:7)",
          "the stream of descriptor 5, which was closed beneath it already in stop (app.c:7), is closed in "
          "finish (app.c:7)",
          "descriptor 5, which was closed already in stop (app.c:7), is given to write in finish (app.c:7), 2 times",
          "descriptor 5, which was never opened, is given to read in finish (app.c:7)"));
  EXPECT_EQ(CallOf(report, report.findings(4)), "write");
}

TEST(Finding, HasItsRuleItsCountAndTheLineThatWouldSuppressIt) {
  const Report report = WithOneOfEach();
  std::vector<std::string> told;
  for (const Finding& finding : report.findings()) {
    told.push_back(RuleOf(report, finding) + " " + std::to_string(finding.left()) + " " + finding.suppression() + " " +
                   CallOf(report, finding));
    EXPECT_EQ(finding.left(), finding.count());
  }
  EXPECT_THAT(told, ElementsAre("growing 30 leak:^connect_to$ socket", "pinned 5 pinned:^spool$ open",
                                "double-close 3 close:^finish$ close", "failure 1 failure:^serve$ accept",
                                "leftover 1 leftover:^scratch$ mkstemp", "inherited 2 inherited:^load$ open"));
}

TEST(Finding, IsNotWhatNobodyDidWrong) {
  Report report;
  report.add_leftovers()->set_pattern("a.out");  // what a compiler is run for
  report.add_inherited()->set_from_caller(true);
  AddFindings(report);
  EXPECT_EQ(report.findings_size(), 0);
}

}  // namespace
}  // namespace fdtrace
