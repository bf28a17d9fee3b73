#include "viewer/inherited_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "absl/strings/str_join.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Inherited& AddRow(Report& report, const std::string& executable, uint32_t count, std::initializer_list<int32_t> fds) {
  Inherited& row = *report.add_inherited();
  row.set_executable(executable);
  row.set_count(count);
  row.set_call("socket");
  row.mutable_fds()->Add(fds.begin(), fds.end());
  return row;
}

void AddFrame(Inherited& row, const std::string& function, const std::string& file, uint32_t line) {
  Frame& frame = *row.add_stack();
  frame.set_module("/opt/server");
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(line);
}

Report Server() {
  Report report;
  AddFrame(AddRow(report, "/usr/lib/cgi/worker", 4, {3, 7}), "open_log(char const*)", "/src/log.cc", 12);
  AddRow(report, "/bin/sh", 2, {9});
  AddRow(report, "/opt/server", 2, {3, 5}).set_from_caller(true);
  AddRow(report, "", 1, {6}).set_from_caller(true);
  return report;
}

TEST(InheritedText, NamesProgramOpenerAndNumbers) {
  EXPECT_EQ(absl::StrJoin(InheritedLines(Server()), "\n"),
            R"text(  4  worker  open_log                     /src/log.cc:12  fds 3, 7
  2  sh      an unknown place, by socket                  fd 9
  fds 3, 5 were passed to server by fdtrace's own caller: not its leaks
  fd 6 was passed to an unknown program by fdtrace's own caller: not its leak)text");
}

TEST(InheritedText, ShowsOnlyAFewNumbers) {
  Report report;
  AddRow(report, "/bin/sh", 12, {3, 5, 7, 9, 11, 13, 15, 17, 19, 21});
  EXPECT_THAT(InheritedLines(report)[0], HasSubstr("fds 3, 5, 7, 9, 11, 13, 15, 17, … (2 more)"));
  AddRow(report, "/bin/sh", 12, {3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  EXPECT_THAT(InheritedLines(report)[1], HasSubstr("fds 3-12"));
}

TEST(InheritedText, IsALineInTheSummaryAndTellsInFullWhatToDo) {
  EXPECT_THAT(
      RenderText(Server(), {}),
      AllOf(HasSubstr("\nINHERITED   6 descriptors that programs received for want of CLOEXEC; the full report"),
            Not(HasSubstr("worker")), Not(HasSubstr("caller"))));
  EXPECT_THAT(RenderText(Server(), {.full = true}),
              HasSubstr("\nINHERITED   6 descriptors that programs received for want of CLOEXEC: open with O_CLOEXEC, "
                        "SOCK_CLOEXEC or fopen's \"e\"\n  4  worker  open_log"));
}

TEST(InheritedText, DoesNotBlameTheProgramForWhatItsCallerPassed) {
  Report report = Server();
  report.mutable_inherited()->DeleteSubrange(0, 2);
  EXPECT_THAT(RenderText(report, {}), Not(HasSubstr("INHERITED")));
  EXPECT_THAT(RenderText(report, {.full = true}),
              HasSubstr("\nINHERITED   nothing for want of CLOEXEC\n  fds 3, 5 were passed to server"));
  report.clear_inherited();
  EXPECT_THAT(RenderText(report, {.full = true}), Not(HasSubstr("INHERITED")));
}

}  // namespace
}  // namespace fdtrace
