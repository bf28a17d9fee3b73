#include "cli/report_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

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

TEST(ReportFileTest, SaysThatAFormatIsNotAvailable) {
  for (const char* argument : {"x.sarif", "junit:x.xml", "github:x"}) {
    const auto file = ParseReportFile(argument);
    EXPECT_EQ(file.status().code(), absl::StatusCode::kUnimplemented) << argument;
    EXPECT_THAT(std::string(file.status().message()), HasSubstr("not available in this version")) << argument;
  }
}

TEST(ReportFileTest, SaysWhatToWriteWhenTheNameDoesNotTell) {
  EXPECT_THAT(std::string(ParseReportFile("report").status().message()), HasSubstr("text:report or json:report"));
  EXPECT_FALSE(ParseReportFile("").ok());
  EXPECT_FALSE(ParseReportFile("json:").ok());
}

TEST(ReportFileTest, KnowsFormatsByName) {
  EXPECT_EQ(*ParseReportFormat("json"), ReportFormat::kJson);
  EXPECT_FALSE(ParseReportFormat("sarif").ok());
  EXPECT_FALSE(ParseReportFormat("yaml").ok());
}

}  // namespace
}  // namespace fdtrace
