#include "viewer/files_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_join.h"
#include "viewer/frames.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int64_t kMebibyte = 1 << 20;

void AddFrame(Frames& frames, const std::string& function, uint32_t line) {
  Frame& frame = *frames.Add();
  frame.set_function(function);
  frame.set_file("/src/spool.c");
  frame.set_line(line);
  frame.set_module("/opt/server");
}

Leftover& AddLeftover(Report& report, const std::string& directory, const std::string& pattern, uint32_t files,
                      int64_t bytes, bool temporary) {
  Leftover& left = *report.add_leftovers();
  left.set_directory(directory);
  left.set_pattern(pattern);
  left.set_files(files);
  left.set_bytes(bytes);
  left.set_temporary(temporary);
  left.set_call("open64");
  return left;
}

void AddWriter(Report& report, const std::string& path, uint32_t files, int64_t bytes) {
  Writer& writer = *report.add_writers();
  writer.set_path(path);
  writer.set_files(files);
  writer.set_bytes(bytes);
  AddFrame(*writer.mutable_stack(), "log_line", 12);
}

std::string Joined(const std::vector<std::string>& lines) { return absl::StrJoin(lines, "\n"); }

Report Spooler() {
  Report report;
  AddFrame(*AddLeftover(report, "/tmp", "tmp********", 40, 327'680, true).mutable_created_at(), "make_part", 7);
  AddLeftover(report, "/", "a**", 1, 0, true);
  AddFrame(*AddLeftover(report, "/src", "*.o", 12, 3 * kMebibyte, false).mutable_created_at(), "compile", 9);
  return report;
}

TEST(LeftoversText, SummarisesWhatWasLeftInDirectoriesForTemporaryFiles) {
  const Report report = Spooler();
  EXPECT_EQ(LeftoversTitle(report, false),
            "41 files, 320 KiB, that it made in directories for temporary files and did not remove");
  EXPECT_EQ(Joined(LeftoverLines(report, false)),
            "  40 files  320 KiB  /tmp/tmp*  created at make_part                    spool.c:7\n"
            "    1 file      0 B  /a**       created at an unknown place, by open64  ");
}

TEST(LeftoversText, ShowsEverythingInFull) {
  EXPECT_THAT(RenderText(Spooler(), {.full = true}),
              AllOf(HasSubstr("\nLEFT BEHIND   53 files, 3.3 MiB, that it made and did not remove\n"),
                    HasSubstr("\n  12 files    3 MiB  /src/*.o   created at compile"), HasSubstr("/src/spool.c:9\n")));
}

TEST(LeftoversText, AreNotInASummaryWhereOnlyResultsWereLeft) {
  Report report = Spooler();
  report.mutable_leftovers()->DeleteSubrange(0, 2);
  EXPECT_THAT(RenderText(report, {}), Not(HasSubstr("LEFT BEHIND")));
}

TEST(LeftoversText, SummarisesOnlyAFew) {
  Report report;
  for (int i = 0; i < 7; ++i) AddLeftover(report, "/tmp", "d" + std::to_string(i), 2, 4096, true);
  const std::string lines = Joined(LeftoverLines(report, false));
  EXPECT_THAT(lines, AllOf(HasSubstr("/tmp/d4"), Not(HasSubstr("/tmp/d5")),
                           HasSubstr("\n … and 4 more files, which the full report shows")));
  EXPECT_THAT(Joined(LeftoverLines(report, true)), AllOf(HasSubstr("/tmp/d6"), Not(HasSubstr("more files"))));
}

TEST(WritersText, ShowsThePlacesThatAddedMost) {
  Report report;
  AddWriter(report, "/var/log/app.log", 3, 6'553'600);
  AddWriter(report, "/tmp/out", 1, 512);
  EXPECT_THAT(RenderText(report, {.full = true}),
              HasSubstr("\nWRITERS   6.3 MiB added to 4 files\n"
                        "  6.3 MiB  /var/log/app.log and 2 more  opened at log_line  /src/spool.c:12\n"
                        "    512 B  /tmp/out                     opened at log_line  /src/spool.c:12\n"));
  EXPECT_THAT(WritersTitle(report, false), IsEmpty());
}

TEST(WritersText, AreInASummaryOnlyWhereTheyAreLarge) {
  Report report;
  AddWriter(report, "/var/log/app.log", 1, 64 * kMebibyte);
  AddWriter(report, "/tmp/out", 1, 64 * kMebibyte - 1);
  EXPECT_EQ(WritersTitle(report, false), "128 MiB added to 2 files");
  EXPECT_EQ(Joined(WriterLines(report, false)),
            "  64 MiB  /var/log/app.log  opened at log_line  spool.c:12\n"
            " … and 1 more place, which the full report shows");
}

TEST(WritersText, CallsFilesWithoutANameAsPinnedOnesAreCalled) {
  Report report;
  AddWriter(report, "", 1, 2048);
  AddWriter(report, "", 2, 1024);
  report.mutable_writers(0)->set_nameless(true);
  EXPECT_THAT(Joined(WriterLines(report, true)),
              AllOf(HasSubstr("  2 KiB  a file that never had a name               opened at log_line"),
                    HasSubstr("\n  1 KiB  a file whose name is not known and 1 more  opened at log_line")));
}

TEST(WritersText, SaysWhereMoreMayHaveBeenWrittenThanIsKnown) {
  Report report;
  AddWriter(report, "/tmp/known", 1, 2048);
  AddWriter(report, "/tmp/killed", 1, 1024);
  report.mutable_writers(1)->set_at_least(true);
  EXPECT_EQ(WritersTitle(report, true), "at least 3 KiB added to 2 files");
  EXPECT_THAT(Joined(WriterLines(report, true)),
              AllOf(HasSubstr("           2 KiB  /tmp/known "), HasSubstr("\n  at least 1 KiB  /tmp/killed ")));
}

TEST(WritersText, ShowsOnlyTheMostInFull) {
  Report report;
  for (int i = 0; i < 22; ++i) AddWriter(report, "/tmp/w" + std::to_string(i), 1, 100);
  EXPECT_THAT(Joined(WriterLines(report, true)),
              AllOf(HasSubstr("/tmp/w19"), Not(HasSubstr("/tmp/w20")), HasSubstr("\n … and 2 more places")));
}

}  // namespace
}  // namespace fdtrace
