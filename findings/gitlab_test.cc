#include "findings/gitlab.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "findings/form_fixture.h"

namespace fdtrace {
namespace {

using Json = nlohmann::json;

Json Issues(const Report& report) { return Json::parse(RenderGitlab(report, {.source_root = kRoot})); }

TEST(Gitlab, ShowsAFindingAtItsLine) {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/src/load.c", 7, report);
  AddFindings(report);
  Fail(0, report);
  const Json issues = Issues(report);
  ASSERT_EQ(issues.size(), 1);
  EXPECT_EQ(issues[0], Json::parse(R"({
    "description": "30 of 40 descriptors opened in load (load.c:7) are still open: file, growing",
    "check_name": "fdtrace/leak", "fingerprint": ")" +
                                   report.findings(0).fingerprint() + R"(",
    "severity": "critical", "location": {"path": "src/load.c", "lines": {"begin": 7}}})"));
}

TEST(Gitlab, ShowsCodeWithoutSourceAtItsModule) {
  Report report = EmptyReport();
  AddLeak("load", "", 0, report);
  AddFindings(report);
  EXPECT_EQ(Issues(report)[0]["location"], Json::parse(R"({"path": "build/app", "lines": {"begin": 1}})"));
}

TEST(Gitlab, IsMoreSevereWhereTheRunFails) {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/load.c", 7, report);
  AddLeak("log", "/work/app/log.c", 7, report).set_verdict(LeakSite::SINGLE);
  AddFindings(report);
  EXPECT_EQ(Issues(report)[0]["severity"], "minor");
  EXPECT_EQ(Issues(report)[1]["severity"], "info");
  Fail(1, report);
  EXPECT_EQ(Issues(report)[0]["severity"], "major");
}

TEST(Gitlab, LeavesOutWhatIsSuppressedOrAllowed) {
  Report report = EmptyReport();
  AddLeak("load", "/work/app/load.c", 7, report);
  AddLeak("log", "/work/app/log.c", 7, report);
  AddFindings(report);
  Suppress(0, report);
  Allow(1, report);
  EXPECT_EQ(Issues(report), Json::array());
  EXPECT_EQ(Issues(EmptyReport()), Json::array());
}

TEST(Gitlab, IsJsonWhateverTheNamesAre) {
  Report report = EmptyReport();
  AddLeak("f\xff\"\\\n", kOddName, 7, report);
  AddFindings(report);
  EXPECT_EQ(Issues(report).size(), 1);
}

TEST(Gitlab, GivesEachOfTenThousandAFingerprintOfItsOwn) {
  Report report = ManyLeaks(10'000);
  for (int i = 0; i < 3; ++i) *report.add_leaks() = report.leaks(0);
  AddFindings(report);
  std::set<std::string> fingerprints;
  for (const Json& issue : Issues(report)) fingerprints.insert(issue["fingerprint"]);
  EXPECT_EQ(fingerprints.size(), 10'003);
}

}  // namespace
}  // namespace fdtrace
