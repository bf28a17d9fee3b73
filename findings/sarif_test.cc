#include "findings/sarif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

Json RunOf(const Report& report, const std::string& root = kRoot) {
  const Json log = Json::parse(RenderSarif(report, {.source_root = root}));
  EXPECT_EQ(log["version"], "2.1.0");
  EXPECT_EQ(log["runs"].size(), 1);
  return log["runs"][0];
}

Report TwoLeaksAndADoubleClose() {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/src/load it.c", 7, report);
  AddLeak("get", "/usr/local/src/lib.c", 8, report).set_verdict(LeakSite::SINGLE);
  AddDoubleClose("finish", "/work/app/src/end.c", 4, report);
  AddFindings(report);
  return report;
}

TEST(Sarif, ShowsAFindingAtItsLineBelowTheSourceRoot) {
  const Json run = RunOf(TwoLeaksAndADoubleClose());
  EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///work/app/");
  const Json place = run["results"][0]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "src/load%20it.c");
  EXPECT_EQ(place["artifactLocation"]["uriBaseId"], "SRCROOT");
  EXPECT_EQ(place["region"]["startLine"], 7);
  EXPECT_EQ(run["results"][0]["locations"][0]["logicalLocations"][0]["name"], "load");
  const Json outside = run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"];
  EXPECT_EQ(outside["uri"], "file:///usr/local/src/lib.c");
  EXPECT_FALSE(outside.contains("uriBaseId"));
}

TEST(Sarif, NamesARuleThatItDescribes) {
  const Json run = RunOf(TwoLeaksAndADoubleClose());
  const Json& rules = run["tool"]["driver"]["rules"];
  ASSERT_EQ(run["results"].size(), 3);
  for (const Json& result : run["results"])
    EXPECT_EQ(rules.at(result["ruleIndex"].get<size_t>())["id"], result["ruleId"]);
  EXPECT_EQ(run["results"][1]["ruleId"], "fdtrace/leak");
  EXPECT_EQ(run["results"][1]["properties"]["verdict"], "single");
  EXPECT_EQ(run["results"][2]["ruleId"], "fdtrace/double-close");
}

TEST(Sarif, DescribesEveryKindOfFinding) {
  Report report = TwoLeaksAndADoubleClose();
  report.add_pinned_sites()->set_call("open");
  report.add_bad_closes()->set_kind(BadClose::NEVER_OPENED);
  report.add_failures()->set_call("open");
  report.add_leftovers()->set_temporary(true);
  report.add_inherited()->set_call("open");
  AddFindings(report);
  const Json run = RunOf(report);
  std::set<std::string> rules;
  for (const Json& result : run["results"]) {
    rules.insert(result["ruleId"]);
    EXPECT_EQ(run["tool"]["driver"]["rules"].at(result["ruleIndex"].get<size_t>())["id"], result["ruleId"]);
  }
  EXPECT_EQ(rules.size(), run["tool"]["driver"]["rules"].size());
}

TEST(Sarif, TellsByItsLevelWhatFails) {
  Report report = TwoLeaksAndADoubleClose();
  Suppress(0, report);
  Fail(2, report);
  const Json run = RunOf(report);
  EXPECT_EQ(run["results"][0]["ruleId"], "fdtrace/double-close");
  EXPECT_EQ(run["results"][0]["level"], "error");
  EXPECT_EQ(run["results"][1]["level"], "warning");
  EXPECT_EQ(run["results"][2]["level"], "note");
  EXPECT_EQ(run["results"][2]["suppressions"][0]["kind"], "external");
  EXPECT_EQ(run["results"][2]["suppressions"][0]["justification"], "30 suppressed");
  EXPECT_EQ(run["results"][0]["suppressions"], Json::array());
}

TEST(Sarif, ComparesWithTheBaselineWhereThereIsOne) {
  Report report = TwoLeaksAndADoubleClose();
  EXPECT_FALSE(RunOf(report)["results"][0].contains("baselineState"));
  report.mutable_findings(0)->set_baseline(Finding::NEW);
  report.mutable_findings(1)->set_baseline(Finding::GROWN);
  Allow(2, report);
  const Json run = RunOf(report);
  EXPECT_EQ(run["results"][0]["baselineState"], "new");
  EXPECT_EQ(run["results"][1]["baselineState"], "updated");
  EXPECT_EQ(run["results"][2]["baselineState"], "unchanged");
}

TEST(Sarif, GivesNoTwoResultsOneHash) {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/load.c", 7, report);
  AddLeak("load", "/work/app/load.c", 70, report);
  AddFindings(report);
  ASSERT_EQ(report.findings(0).fingerprint(), report.findings(1).fingerprint());
  const Json run = RunOf(report);
  const Json one = run["results"][0]["partialFingerprints"], other = run["results"][1]["partialFingerprints"];
  EXPECT_EQ(one["fdtrace/v1"], report.findings(0).fingerprint());
  EXPECT_EQ(one["fdtrace/v1"], other["fdtrace/v1"]);
  EXPECT_NE(one["primaryLocationLineHash"], other["primaryLocationLineHash"]);
}

TEST(Sarif, HasTheStackInTheOrderOfExecution) {
  const Json flow = RunOf(TwoLeaksAndADoubleClose())["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
  ASSERT_EQ(flow.size(), 2);
  EXPECT_EQ(flow[0]["location"]["message"]["text"], "main at src/main.c:9");
  EXPECT_EQ(flow[1]["location"]["message"]["text"], "load at src/load it.c:7");
}

// GitHub refuses the whole file otherwise.
TEST(Sarif, HasAPhysicalLocationEvenWithoutSource) {
  Report report = EmptyReport();
  AddLeak("load", "", 0, report);
  report.add_leaks()->set_call("socket");  // without a stack
  AddFindings(report);
  const Json run = RunOf(report);
  ASSERT_EQ(run["results"].size(), 2u);
  for (const Json& result : run["results"]) {
    EXPECT_EQ(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "build/app");
  }
}

TEST(Sarif, TellsOfTheRunAndItsNotes) {
  Report report = TwoLeaksAndADoubleClose();
  report.mutable_recording()->add_notes("2 processes were not followed");
  const Json invocation = RunOf(report)["invocations"][0];
  EXPECT_EQ(invocation["commandLine"], "./app --once");
  EXPECT_EQ(invocation["exitCode"], 3);
  EXPECT_EQ(invocation["executionSuccessful"], true);
  EXPECT_EQ(invocation["startTimeUtc"], "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(invocation["toolExecutionNotifications"][0]["message"]["text"], "2 processes were not followed.");
}

TEST(Sarif, OfARunWithoutFindingsHasNoResults) { EXPECT_EQ(RunOf(EmptyReport())["results"], Json::array()); }

TEST(Sarif, IsJsonWhateverTheNamesAre) {
  Report report = EmptyReport();
  AddLeak("f\xff\"\\\n", kOddName, 7, report);
  AddFindings(report);
  const std::string uri = RunOf(report)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
  EXPECT_EQ(uri.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%"), uri.npos)
      << uri;
  EXPECT_THAT(uri, HasSubstr("a%7Cb%60c%3Cimg%20src%3Dx%3E%26"));
}

TEST(Sarif, EscapesTheRootToo) {
  EXPECT_EQ(RunOf(EmptyReport(), "/work/my app#1")["originalUriBaseIds"]["SRCROOT"]["uri"],
            "file:///work/my%20app%231/");
}

TEST(Sarif, KeepsTheMostSevereOfTooMany) {
  const Json run = RunOf(ManyLeaks(25'010, 2));
  EXPECT_EQ(run["results"].size(), 25'000);
  EXPECT_EQ(run["results"][0]["level"], "error");
  EXPECT_THAT(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].get<std::string>(),
              HasSubstr("10 findings left out"));
}

TEST(Sarif, KeepsTheInnermostFramesOfADeepStack) {
  const Json flow = RunOf(ManyLeaks(1, 1'500))["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
  EXPECT_EQ(flow.size(), 1'000);
  EXPECT_EQ(flow[999]["location"]["message"]["text"], "load_0 at src/load.c:1");
}

TEST(Sarif, HoldsTenThousandStacks) {
  const std::string text = RenderSarif(ManyLeaks(10'000), {.source_root = kRoot});
  EXPECT_TRUE(nlohmann::json::accept(text));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10'003);  // a line for each
}

}  // namespace
}  // namespace fdtrace
