#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "viewer/page_template.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RunOptions RunOf(const std::vector<std::string>& arguments) {
  const auto options = ParseOptions(arguments);
  EXPECT_TRUE(options.ok()) << options.status();
  if (!options.ok() || !std::holds_alternative<RunOptions>(*options)) return {};
  return std::get<RunOptions>(*options);
}

std::string Error(const std::vector<std::string>& arguments) {
  return std::string(ParseOptions(arguments).status().message());
}

TEST(OptionsTest, LeavesEverythingAfterTheDashesToTheProgram) {
  EXPECT_THAT(RunOf({"--", "prog", "-q", "--", "-o"}).command, ElementsAre("prog", "-q", "--", "-o"));
  EXPECT_THAT(RunOf({"-q", "--", "-odd", "--help"}).command, ElementsAre("-odd", "--help"));
  EXPECT_THAT(RunOf({"--", "run", "x"}).command, ElementsAre("run", "x"));
  EXPECT_THAT(RunOf({"--", "report"}).command, ElementsAre("report"));
}

TEST(OptionsTest, LeavesEverythingFromTheFirstWordThatIsNoOptionToTheProgram) {
  const RunOptions options = RunOf({"run", "-q", "prog", "-o", "x", "--", "--version"});
  EXPECT_THAT(options.command, ElementsAre("prog", "-o", "x", "--", "--version"));
  EXPECT_TRUE(options.quiet);
  EXPECT_THAT(options.trace, IsEmpty());
}

TEST(OptionsTest, DoesNotTakeAnOptionsValueForTheProgram) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-o", "t.fdt", "prog"}, {"-ot.fdt", "prog"}, {"--output", "t.fdt", "prog"}, {"--output=t.fdt", "prog"}}) {
    EXPECT_EQ(RunOf(words).trace, "t.fdt") << words[0];
    EXPECT_THAT(RunOf(words).command, ElementsAre("prog")) << words[0];
  }
  EXPECT_EQ(RunOf({"-qo", "t.fdt", "prog"}).trace, "t.fdt");
  EXPECT_TRUE(RunOf({"-qo", "t.fdt", "prog"}).quiet);
}

TEST(OptionsTest, CollectsReportsInOrder) {
  const RunOptions options = RunOf({"-r", "a.json", "--report=text:b", "-r", "c.txt", "--", "prog"});
  ASSERT_EQ(options.reports.size(), 3u);
  EXPECT_EQ(options.reports[0].format, ReportFormat::kJson);
  EXPECT_EQ(options.reports[1].path, "b");
  EXPECT_EQ(options.reports[2].path, "c.txt");
}

TEST(OptionsTest, ReadsHowLongToWaitForWhatOutlivesTheProgram) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  EXPECT_EQ(RunOf({"prog"}).wait, seconds(10));
  EXPECT_EQ(RunOf({"--wait", "90", "prog"}).wait, seconds(90));
  EXPECT_EQ(RunOf({"--wait=0.25", "prog"}).wait, milliseconds(250));
  EXPECT_EQ(RunOf({"--wait", "0", "--", "prog"}).wait, seconds(0));
  EXPECT_EQ(RunOf({"--wait", "forever", "prog"}).wait, kForever);
  EXPECT_EQ(RunOf({"--wait", "1e300", "prog"}).wait, kForever);
  EXPECT_THAT(RunOf({"--wait", "forever", "prog"}).command, ElementsAre("prog"));
}

TEST(OptionsTest, ReadsWhichProgramsToFollow) {
  EXPECT_EQ(RunOf({"prog"}).follow, "all");
  EXPECT_EQ(RunOf({"--follow", "none", "prog"}).follow, "none");
  EXPECT_EQ(RunOf({"--follow=*/bin/gcc*", "prog"}).follow, "*/bin/gcc*");
}

TEST(OptionsTest, ReadsHowToStartARecordingOfManyCommands) {
  const auto start = [](const std::vector<std::string>& words) { return std::get<StartOptions>(*ParseOptions(words)); };
  EXPECT_THAT(start({"start"}).trace, IsEmpty());
  EXPECT_EQ(start({"start"}).follow, "all");
  EXPECT_EQ(start({"start"}).while_pid, 0);
  EXPECT_FALSE(start({"start"}).env);
  const StartOptions options = start({"start", "-o", "ci.fdt", "--follow", "gcc*", "--env", "--while-pid", "42"});
  EXPECT_EQ(options.trace, "ci.fdt");
  EXPECT_EQ(options.follow, "gcc*");
  EXPECT_EQ(options.while_pid, 42);
  EXPECT_TRUE(options.env);
  EXPECT_THAT(Error({"start", "--follow", "none"}), HasSubstr("none"));
  EXPECT_THAT(Error({"start", "--while-pid", "-1"}), HasSubstr("--while-pid"));
  EXPECT_THAT(Error({"start", "prog"}), HasSubstr("prog"));
}

TEST(OptionsTest, ReadsWhatToReportOfAStoppedRecording) {
  if (PageTemplate().empty()) GTEST_SKIP() << "built without the page";
  const RunOptions results =
      std::get<StopOptions>(*ParseOptions({"stop", "-q", "-r", "a.html", "-r", "b.json", "--open", "--sources"}))
          .results;
  ASSERT_EQ(results.reports.size(), 2u);
  EXPECT_EQ(results.reports[1].path, "b.json");
  EXPECT_TRUE(results.quiet && results.open && results.sources);
  EXPECT_THAT(Error({"stop", "--open"}), HasSubstr("-r FILE.html"));
  EXPECT_THAT(Error({"stop", "-o", "x"}), HasSubstr("-o"));
}

TEST(OptionsTest, KeepsEmptyArgumentsOfTheProgram) {
  EXPECT_THAT(RunOf({"--", "prog", "", " "}).command, ElementsAre("prog", "", " "));
}

TEST(OptionsTest, AnswersErrorsInOneLineThatSaysWhatToDo) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"run"},
                                             {"--"},
                                             {"-q"},
                                             {"--bogus", "--", "prog"},
                                             {"-x", "prog"},
                                             {"-o"},
                                             {"-o", "a", "-o", "b", "prog"},
                                             {"-r", "x", "prog"},
                                             {"-r", "x.xml", "prog"},
                                             {"-r", "x.json", "--open", "prog"},
                                             {"report", "a", "--open"},
                                             {"--wait", "ten", "prog"},
                                             {"--wait=-1", "prog"},
                                             {"--wait", "nan", "prog"},
                                             {"--wait", "", "prog"},
                                             {"--follow", "", "prog"},
                                             {"report"},
                                             {"report", "a", "b"},
                                             {"report", "a", "--format", "yaml"}}) {
    const std::string error = Error(words);
    EXPECT_THAT(error, HasSubstr(": ")) << ::testing::PrintToString(words);
    EXPECT_THAT(error, Not(HasSubstr("\n"))) << ::testing::PrintToString(words);
    EXPECT_THAT(error, HasSubstr("; ")) << ::testing::PrintToString(words);
  }
  EXPECT_THAT(Error({"--bogus", "--", "prog"}), HasSubstr("--bogus"));
}

TEST(OptionsTest, ReadsTheReportCommand) {
  const auto report = [](const std::vector<std::string>& arguments) {
    return std::get<ReportOptions>(ParseOptions(arguments).value());
  };
  EXPECT_EQ(report({"report", "t.fdt"}).trace, "t.fdt");
  EXPECT_EQ(report({"report", "t.fdt"}).format, ReportFormat::kText);
  EXPECT_EQ(report({"report", "t.fdt", "--format", "json"}).format, ReportFormat::kJson);
  EXPECT_EQ(report({"report", "--format=json", "t.fdt"}).trace, "t.fdt");
  EXPECT_EQ(report({"report", "t.fdt", "-o", "a.json"}).format, ReportFormat::kJson);
  EXPECT_EQ(report({"report", "t.fdt", "-o", "a.json"}).output, "a.json");
  EXPECT_EQ(report({"report", "t.fdt", "--format", "text", "-o", "a.json"}).format, ReportFormat::kText);
}

TEST(OptionsTest, PutsSourcesIntoReportsOnlyWhenAsked) {
  EXPECT_FALSE(RunOf({"prog"}).sources);
  EXPECT_TRUE(RunOf({"--sources", "prog"}).sources);
  EXPECT_THAT(RunOf({"--sources", "prog"}).command, ElementsAre("prog"));
  EXPECT_FALSE(RunOf({"prog", "--sources"}).sources);
  const auto report = [](const std::vector<std::string>& arguments) {
    return std::get<ReportOptions>(ParseOptions(arguments).value());
  };
  EXPECT_FALSE(report({"report", "t.fdt"}).sources);
  EXPECT_TRUE(report({"report", "t.fdt", "--sources"}).sources);
}

TEST(OptionsTest, ReusesNumbersLateOnlyWhenAskedTo) {
  EXPECT_FALSE(RunOf({"prog"}).reuse_late);
  EXPECT_TRUE(RunOf({"--reuse=late", "prog"}).reuse_late);
  EXPECT_TRUE(RunOf({"--reuse", "late", "prog"}).reuse_late);
  EXPECT_FALSE(ParseOptions({"--reuse=early", "prog"}).ok());
}

TEST(OptionsTest, FitsItsHelpOnAScreen) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--help"},
                                                                                     {"-h"},
                                                                                     {"run", "--help"},
                                                                                     {"report", "--help"},
                                                                                     {"start", "--help"},
                                                                                     {"stop", "--help"},
                                                                                     {"diff", "--help"},
                                                                                     {"merge", "--help"}}) {
    const std::string help = std::get<Answer>(ParseOptions(words).value()).text;
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 24) << help;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
    EXPECT_THAT(help, HasSubstr(words[0] == "stop" ? "--report" : "--output")) << help;
  }
  const std::string help = std::get<Answer>(ParseOptions({"--help"}).value()).text;
  EXPECT_THAT(help, AllOf(HasSubstr("--follow"), HasSubstr("--wait"), HasSubstr("Ctrl-C")));
}

TEST(OptionsTest, TellsItsVersion) {
  EXPECT_EQ(std::get<Answer>(ParseOptions({"--version"}).value()).text, "fdtrace " FDTRACE_VERSION "\n");
}

}  // namespace
}  // namespace fdtrace
