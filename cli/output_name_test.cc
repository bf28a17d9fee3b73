#include "cli/output_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;

NamedRecording Server() {
  const absl::CivilSecond started(2026, 11, 28, 8, 30, 15);
  return {.pid = 4711,
          .started_unix_ns = absl::ToUnixNanos(absl::FromCivil(started, absl::UTCTimeZone())) + 999'999'999,
          .program = "/opt/my tools/ser ver"};
}

TEST(OutputNameTest, SaysWhichRecordingItIsOf) {
  EXPECT_EQ(ExpandOutputName("leaks.%p.html", Server()), "leaks.4711.html");
  EXPECT_EQ(ExpandOutputName("/tmp/%t.fdt", Server()), "/tmp/20261128T083015Z.fdt");
  EXPECT_EQ(ExpandOutputName("%n/%n.%p", Server()), "ser_ver/ser_ver.4711");
  EXPECT_EQ(ExpandOutputName("%p%p", Server()), "47114711");
}

TEST(OutputNameTest, LeavesEveryOtherPercentAlone) {
  EXPECT_EQ(ExpandOutputName("100%%.fdt", Server()), "100%.fdt");
  EXPECT_EQ(ExpandOutputName("%%p", Server()), "%p");
  EXPECT_EQ(ExpandOutputName("%P-%d-% -50%", Server()), "%P-%d-% -50%");
  EXPECT_EQ(ExpandOutputName("%", Server()), "%");
  EXPECT_EQ(ExpandOutputName("", Server()), "");
}

TEST(OutputNameTest, NamesTheTraceByDefaultAndExpandsEveryReport) {
  RunOptions options;
  options.reports = {{ReportFormat::kHtml, "%n.html"}, {ReportFormat::kJson, "%p.json"}};
  options = NameOutputs(options, Server());
  EXPECT_EQ(options.trace, "fdtrace.ser_ver.4711.fdt");
  EXPECT_EQ(options.reports[0].path, "ser_ver.html");
  EXPECT_EQ(options.reports[1].path, "4711.json");
}

TEST(OutputNameTest, RefusesOutputsThatAreOneFileOnceExpanded) {
  RunOptions options;
  options.trace = "/tmp/fdtrace_%n";
  options.reports = {{ReportFormat::kJson, "/tmp/fdtrace_ser_ver"}};
  EXPECT_THAT(std::string(CheckOutputs(NameOutputs(options, Server())).message()), HasSubstr("asked for twice"));
  options.reports[0].path = "/tmp/fdtrace_%p";
  EXPECT_TRUE(CheckOutputs(NameOutputs(options, Server())).ok());
  options.reports[0].path = "/tmp/no/such/directory/%t";
  EXPECT_THAT(std::string(CheckOutputs(NameOutputs(options, Server())).message()), HasSubstr("-r FILE"));
}

}  // namespace
}  // namespace fdtrace
