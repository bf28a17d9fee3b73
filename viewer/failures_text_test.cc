// What the text says of calls that failed.
#include "viewer/failures_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_join.h"
#include "viewer/frames.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

void AddFrame(const std::string& function, uint32_t line, Frames& frames) {
  Frame& frame = *frames.Add();
  frame.set_function(function);
  frame.set_file("/src/config.cc");
  frame.set_line(line);
  frame.set_module("/opt/server");
}

Failure& Add(const std::string& error, uint32_t count, Report& report) {
  Failure& failure = *report.add_failures();
  failure.set_error(error);
  failure.set_call("open");
  failure.set_path("/etc/hosts");
  failure.set_count(count);
  failure.set_explanation("All of them are open");
  AddFrame("load_config", 42, *failure.mutable_stack());
  return failure;
}

void AddBlame(const std::string& function, uint32_t count, Failure& failure) {
  Blame& blame = *failure.add_blamed();
  blame.set_count(count);
  AddFrame(function, 9, *blame.mutable_stack());
}

TEST(FailuresText, SaysWhatFailedAndWhyBeforeTheLeaks) {
  Report report;
  AddBlame("load_config", 58, Add("EMFILE", 6, report));
  LeakSite& leak = *report.add_leaks();
  leak.set_still_open(58);
  EXPECT_EQ(FailuresTitle(report), "6 calls failed for want of descriptors");
  EXPECT_THAT(
      FailureLines(report, /*full=*/false),
      ElementsAre(" 1 EMFILE  open of /etc/hosts  6 times  load_config  config.cc:42", "     All of them are open"));
  for (const bool full : {false, true}) {
    const std::string text = RenderText(report, {.full = full});
    EXPECT_NE(text.find("FAILURES   6 calls failed for want of descriptors\n"), text.npos) << text;
    EXPECT_LT(text.find("FAILURES"), text.find("LEAKS")) << text;
  }
}

TEST(FailuresText, CountsEachWantByItself) {
  Report report;
  EXPECT_EQ(FailuresTitle(report), "");
  Add("ENOSPC", 1, report);
  EXPECT_EQ(FailuresTitle(report), "1 call failed for want of space");
  Add("ENFILE", 1, report);
  Add("ENOSPC", 2, report).set_cause(Failure::INOTIFY_WATCHES);
  EXPECT_EQ(FailuresTitle(report),
            "1 call failed for want of descriptors, 1 for want of space, 2 for want of what inotify takes");
}

TEST(FailuresText, ShowsWhoHadWhatWasMissing) {
  Report report;
  Failure& failure = Add("EMFILE", 6, report);
  AddBlame("load_config", 50, failure);
  AddBlame("accept_client", 8, failure);
  failure.set_open_unknown(6);
  EXPECT_THAT(FailureLines(report, false),
              ElementsAre(testing::_, testing::_, "     50 descriptors  opened at  load_config  config.cc:9",
                          "      8 descriptors  opened at  accept_client  config.cc:9"));
  EXPECT_THAT(absl::StrJoin(FailureLines(report, true), "\n"),
              AllOf(HasSubstr("     50 descriptors  opened at  load_config  /src/config.cc:9\n"),
                    HasSubstr(" 6 descriptors  opened by no call that was seen, or before the program started\n"),
                    HasSubstr("     failed at  /src/config.cc:42  load_config")));
}

TEST(FailuresText, OfASummaryShowsFivePlaces) {
  Report report;
  for (int i = 0; i < 7; ++i) Add("EMFILE", 1, report);
  EXPECT_THAT(FailureLines(report, false).back(), " … and at 2 more places, which the full report shows");
  EXPECT_THAT(FailureLines(report, true).back(), Not(HasSubstr("more places")));
}

}  // namespace
}  // namespace fdtrace
