#include "cli/report_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ReportFileTest, TakesTheFormatFromTheExtension) {
  EXPECT_EQ(ParseReportFile("a.json")->format, ReportFormat::kJson);
  EXPECT_EQ(ParseReportFile("dir.json/a.txt")->format, ReportFormat::kText);
}

TEST(ReportFileTest, PrefersTheFormatsNameAndLeavesItOutOfThePath) {
  const auto file = ParseReportFile("json:report.txt");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->format, ReportFormat::kJson);
  EXPECT_EQ(file->path, "report.txt");
}

TEST(ReportFileTest, KeepsAColonThatBelongsToThePath) {
  EXPECT_EQ(ParseReportFile("run:1.json")->path, "run:1.json");
  EXPECT_EQ(ParseReportFile("./json:1.txt")->path, "./json:1.txt");
  EXPECT_EQ(ParseReportFile("text:json:1")->path, "json:1");
}

TEST(ReportFileTest, KnowsWhatCiSystemsRead) {
  EXPECT_EQ(ParseReportFile("x.sarif")->format, ReportFormat::kSarif);
  EXPECT_EQ(ParseReportFile("x.md")->format, ReportFormat::kMarkdown);
  EXPECT_EQ(ParseReportFile("junit:x.xml")->format, ReportFormat::kJunit);
  EXPECT_EQ(ParseReportFile("github:/dev/stdout")->format, ReportFormat::kGithub);
  EXPECT_EQ(ParseReportFile("gitlab:x.json")->format, ReportFormat::kGitlab);
  EXPECT_EQ(ParseReportFile("gitlab:x.json")->path, "x.json");
}

TEST(ReportFileTest, DoesNotTakeEveryXmlForTestResults) { EXPECT_FALSE(ParseReportFile("x.xml").ok()); }

TEST(ReportFileTest, SaysWhatToWriteWhenTheNameDoesNotTell) {
  EXPECT_THAT(std::string(ParseReportFile("report").status().message()),
              AllOf(HasSubstr("text:report or json:report"), HasSubstr("sarif (.sarif)")));
  EXPECT_FALSE(ParseReportFile("").ok());
  EXPECT_FALSE(ParseReportFile("json:").ok());
}

TEST(ReportFileTest, KnowsFormatsByName) {
  EXPECT_EQ(*ParseReportFormat("json"), ReportFormat::kJson);
  EXPECT_EQ(*ParseReportFormat("sarif"), ReportFormat::kSarif);
  EXPECT_EQ(*ParseReportFormat("markdown"), ReportFormat::kMarkdown);
  EXPECT_THAT(std::string(ParseReportFormat("yaml").status().message()),
              AllOf(HasSubstr("yaml: unknown"), HasSubstr("gitlab")));
}

}  // namespace
}  // namespace fdtrace
