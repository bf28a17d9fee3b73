#include "findings/stored_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "findings/report_maker.h"
#include "viewer/json.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoredReport : public ::testing::Test {
 protected:
  StoredReport() { close(mkstemp(path_)); }
  ~StoredReport() override { unlink(path_); }

  absl::StatusOr<Report> Read(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
    return ReadStoredReport(path_);
  }
  std::string Error(const std::string& bytes) const { return std::string(Read(bytes).status().message()); }

  char path_[32] = "/tmp/stored_report_XXXXXX";
};

TEST_F(StoredReport, IsWhatTheJsonReportSaid) {
  ReportMaker maker;
  maker.AddLeak("load", 3);
  const auto json = RenderJson(maker.report);
  ASSERT_TRUE(json.ok());
  const auto report = Read(*json);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->SerializeAsString(), maker.report.SerializeAsString());
}

TEST_F(StoredReport, OfALaterVersionIsReadAsFarAsItIsKnown) {
  const auto report = Read(R"({"recording": {"opened": 4, "mood": "good"}, "dreams": [1]})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->recording().opened(), 4u);
}

TEST_F(StoredReport, ThatIsNoneIsNamed) {
  EXPECT_THAT(Error(R"({"name": "fdtrace"})"), AllOf(HasSubstr(path_), HasSubstr("no JSON report"), HasSubstr("-r")));
  EXPECT_THAT(Error("{\"recording\": "), AllOf(HasSubstr(path_), HasSubstr("no JSON report")));
  EXPECT_THAT(Error("hello"), HasSubstr(path_));
  EXPECT_THAT(Error(""), HasSubstr(path_));
  EXPECT_THAT(std::string(ReadStoredReport("/nonexistent/x").status().message()), HasSubstr("/nonexistent/x"));
}

}  // namespace
}  // namespace fdtrace
