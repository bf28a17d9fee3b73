#include "findings/suppressions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings/report_maker.h"
#include "findings/rules.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<SuppressionRule> Parsed(const std::string& text) {
  std::vector<SuppressionRule> rules;
  const absl::Status status = ParseSuppressions(text, "/ci/fdtrace.supp", rules);
  EXPECT_TRUE(status.ok()) << status;
  return rules;
}

std::string Error(const std::string& text) {
  std::vector<SuppressionRule> rules;
  return std::string(ParseSuppressions(text, "/ci/fdtrace.supp", rules).message());
}

// "LINE COUNT" of all that the report tells.
std::vector<std::string> Hits(const Report& report) {
  std::vector<std::string> hits;
  for (const Suppression& each : report.suppressions()) {
    hits.push_back(each.line() + " " + std::to_string(each.count()) + " in " + std::to_string(each.rows()));
  }
  return hits;
}

// How many descriptors or files TEXT leaves of the first finding.
uint32_t LeftOf(Report report, const std::string& text) {
  Judge({.suppressions = Parsed(text)}, report);
  return report.findings(0).left();
}

TEST(Suppressions, HaveTheFormOfLeakSanitizers) {
  const auto rules = Parsed("# known\n\n  leak:^load*$  \r\npinned:/var/spool: x\n");
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].line(), "leak:^load*$");
  EXPECT_EQ(rules[0].source, "fdtrace.supp:3");
  EXPECT_EQ(rules[1].kind, "pinned");
  EXPECT_EQ(rules[1].pattern, "/var/spool: x");
}

TEST(Suppressions, ThatCannotBeReadAreToldByFileAndLine) {
  EXPECT_THAT(Error("leak:x\nfoo"), AllOf(HasSubstr("/ci/fdtrace.supp:2"), HasSubstr("no colon")));
  EXPECT_THAT(Error("race:x"), AllOf(HasSubstr(":1"), HasSubstr("\"race\""), HasSubstr("leak, pinned, close")));
  EXPECT_THAT(Error("leak: "), HasSubstr("would suppress everything"));
}

TEST(Suppressions, MatchFunctionsFilesModulesCallsAndPaths) {
  ReportMaker maker;
  maker.AddLeak("load", 1, 7, {"/etc/app.conf"});
  for (const char* pattern : {"load", "^main$", "app.c", "^/opt/app$", "^open$", "*.conf"}) {
    EXPECT_EQ(LeftOf(maker.report, std::string("leak:") + pattern), 0u) << pattern;
  }
  EXPECT_EQ(LeftOf(maker.report, "leak:^store$"), 1u);
  EXPECT_EQ(LeftOf(maker.report, "pinned:load"), 1u);
}

TEST(Suppressions, OfAPathLeaveTheRowsOtherDescriptors) {
  ReportMaker maker;
  maker.AddLeak("load", 3, 7, {"/etc/a.conf", "/etc/b.txt", "/etc/c.conf"});
  EXPECT_EQ(LeftOf(maker.report, "leak:.conf$"), 1u);
}

TEST(Suppressions, OfAPathMatchPinnedFilesToo) {
  ReportMaker maker;
  maker.AddPinned("spool", {"/tmp/a", "/tmp/b", "/var/c"});
  EXPECT_EQ(LeftOf(maker.report, "pinned:^/tmp/"), 1u);
}

TEST(Suppressions, TellWhatTheyDidAndThoseUnused) {
  ReportMaker maker;
  maker.AddLeak("load", 3);
  maker.AddLeak("load_again", 2);
  maker.AddLeak("store", 1);
  Judge({.suppressions = Parsed("leak:load\nleak:again\nleak:gone")}, maker.report);
  EXPECT_THAT(Hits(maker.report), ElementsAre("leak:load 5 in 2", "leak:again 0 in 0", "leak:gone 0 in 0"));
}

TEST(Suppressions, BuiltInAreToldWhenUsed) {
  ReportMaker maker;
  maker.AddLeak("setup", 1).set_call("openlog");
  maker.AddLeak("users", 1).set_call("getpwent");
  Judge({}, maker.report);
  EXPECT_THAT(Hits(maker.report), ElementsAre("leak:^openlog$ 1 in 1", "leak:^getpwent$ 1 in 1"));
  EXPECT_EQ(maker.report.suppressions(0).source(), "built in");
  EXPECT_THAT(maker.report.suppressions(0).reason(), HasSubstr("closelog"));
  EXPECT_EQ(Failing(maker.report), 0u);
}

TEST(Suppressions, BuiltInLetPassWhatBashClosesTwiceItself) {
  Report report;
  for (const std::string module : {"/usr/bin/bash", "/usr/bin/rebash-it"}) {
    BadClose& close = *report.add_bad_closes();
    close.set_kind(BadClose::DOUBLE_CLOSE);
    close.set_count(2);
    close.add_stack()->set_module(module);
  }
  Judge({}, report);
  EXPECT_THAT(Hits(report), ElementsAre("close:/bash$ 2 in 1"));
  EXPECT_EQ(Failing(report), 1u);
}

TEST(Suppressions, OfAMissingFileSaysWhich) {
  std::vector<SuppressionRule> rules;
  EXPECT_THAT(std::string(ReadSuppressions("/nonexistent/x.supp", rules).message()), HasSubstr("/nonexistent/x.supp"));
}

}  // namespace
}  // namespace fdtrace
