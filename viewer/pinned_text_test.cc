#include "viewer/pinned_text.h"

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
constexpr int64_t kSecond = 1'000'000'000;

void AddFrame(Frames& frames, const std::string& function, uint32_t line) {
  Frame& frame = *frames.Add();
  frame.set_function(function);
  frame.set_file("/src/spool.c");
  frame.set_line(line);
  frame.set_module("/opt/server");
}

void AddHolder(PinnedFile& file, Holder::Kind kind, int fd, bool alive = false) {
  Holder& holder = *file.add_holders();
  holder.set_pid(100);
  holder.set_kind(kind);
  holder.set_fd(fd);
  holder.set_alive(alive);
}

// Of a program, pid 100, that ran ten seconds.
Report Server() {
  Report report;
  report.mutable_recording()->add_command("./server");
  report.mutable_recording()->set_duration_ns(10 * kSecond);
  report.mutable_recording()->set_complete(true);
  Process& process = *report.add_processes();
  process.set_pid(100);
  process.set_end(Process::EXITED);
  process.set_ended_ns(10 * kSecond);
  return report;
}

// Opened in make_spool, removed in drop_spool a second before the end.
PinnedFile& AddFile(Report& report, const std::string& path, int64_t bytes) {
  PinnedFile& file = *report.add_pinned_files();
  file.set_path(path);
  file.set_bytes(bytes);
  file.set_apparent_bytes(bytes);
  file.set_mount("/");
  file.set_open_call("open");
  AddFrame(*file.mutable_opened_at(), "make_spool", 7);
  AddFrame(*file.mutable_opened_at(), "main", 40);
  file.set_removed_by(PinnedFile::UNLINK);
  file.set_unlink_call("unlink");
  AddFrame(*file.mutable_unlinked_at(), "drop_spool", 9);
  file.set_unlinked_ns(9 * kSecond);
  file.set_seen_ns(10 * kSecond);
  return file;
}

std::string Lines(const Report& report, bool full = false) { return absl::StrJoin(PinnedLines(report, full), "\n"); }

Report OneOfEachKind() {
  Report report = Server();
  AddHolder(AddFile(report, "/tmp/spool", 8 * kMebibyte), Holder::DESCRIPTOR, 3);
  PinnedFile& mapped = AddFile(report, "/tmp/old\\x0aname", 6 * kMebibyte);
  mapped.set_removed_by(PinnedFile::RENAME);
  mapped.set_unlink_call("rename");
  AddHolder(mapped, Holder::MAPPING, -1);
  PinnedFile& nameless = AddFile(report, "", 3 * kMebibyte);
  nameless.set_removed_by(PinnedFile::TMPFILE);
  nameless.set_in_memory(true);
  nameless.set_mount("/dev/shm");
  AddHolder(nameless, Holder::DESCRIPTOR, 5);
  AddHolder(nameless, Holder::DESCRIPTOR, 6);
  PinnedFile& sparse = AddFile(report, "/tmp/sparse (deleted)", 0);
  sparse.set_apparent_bytes(1 << 30);
  sparse.set_removed_by(PinnedFile::OTHER_PROCESS);
  sparse.clear_opened_at();
  AddHolder(sparse, Holder::DESCRIPTOR, 7);
  return report;
}

TEST(PinnedText, TellsOfEachFileWhoOpenedRemovedAndHeldIt) {
  EXPECT_EQ(Lines(OneOfEachKind()), R"( 1 8 MiB  disk on /           /tmp/spool
     opened at    spool.c:7  make_spool  (open)
     removed at   spool.c:9  drop_spool  (unlink), 1.0 s before the end
     held by      fd 3 of pid 100, never closed
 2 6 MiB  disk on /           /tmp/old\x0aname
     opened at    spool.c:7  make_spool  (open)
     replaced at  spool.c:9  drop_spool  (rename), 1.0 s before the end
     held by      a mapping of pid 100, never unmapped
 3 3 MiB  memory on /dev/shm  a file that never had a name
     opened at    spool.c:7  make_spool  (open)
     held by      fds 5, 6 of pid 100, never closed
 4   0 B  disk on /           /tmp/sparse (deleted) (apparent size 1 GiB)
     opened at    an unknown place, by open
     removed by   no call that fdtrace saw; without a name since 1.0 s before the end
     held by      fd 7 of pid 100, never closed)");
}

TEST(PinnedText, DoesNotSayOfAFileThatItNeverHadANameWhenItIsOnlyUnknown) {
  Report report = Server();
  AddFile(report, "", kMebibyte);
  EXPECT_THAT(Lines(report), HasSubstr("disk on /  a file whose name is not known\n"));
}

TEST(PinnedText, StandsBelowTheLeaksAndIsInTheHeading) {
  const std::string text = RenderText(OneOfEachKind(), {});
  EXPECT_THAT(text, HasSubstr("0 still open · 17 MiB pinned\n"));
  EXPECT_THAT(text, HasSubstr("no leaks: every descriptor that it opened was closed; but it held files without a "
                              "name:\n\nPINNED   14 MiB of disk and 3 MiB of memory in 4 files without a name were "
                              "held to the end: du did not show them\n 1 8 MiB  disk on /"));
}

TEST(PinnedText, SaysOfMemoryNothingAboutDu) {
  Report report = OneOfEachKind();
  report.mutable_pinned_files()->DeleteSubrange(3, 1);
  report.mutable_pinned_files()->DeleteSubrange(0, 2);
  EXPECT_EQ(PinnedTitle(report, false), "3 MiB of memory in 1 file without a name were held to the end");
}

TEST(PinnedText, ShowsWholeStacksAndPathsInFull) {
  Report report = Server();
  AddFile(report, "/tmp/spool", kMebibyte);
  EXPECT_THAT(Lines(report, true), HasSubstr("opened at    /src/spool.c:7  make_spool  (open)\n"
                                             "                    /src/spool.c:7   make_spool\n"
                                             "                    /src/spool.c:40  main\n"));
}

TEST(PinnedText, TellsOfFilesOfOnePlaceTogetherAndInFullOfEach) {
  Report report = Server();
  for (int i = 0; i < 30; ++i) {
    AddHolder(AddFile(report, "/tmp/part" + std::to_string(i), kMebibyte), Holder::DESCRIPTOR, 3 + i);
  }
  EXPECT_EQ(Lines(report), R"( 1 30 MiB  disk on /  30 files, the largest 1 MiB /tmp/part0
     opened at    spool.c:7  make_spool  (open)
     removed at   spool.c:9  drop_spool  (unlink)
     held by      fds 3-32 of pid 100, never closed)");
  EXPECT_THAT(Lines(report, true),
              AllOf(HasSubstr("1 MiB  /tmp/part19, 1.0 s before the end\n                  (10 more)"),
                    Not(HasSubstr("/tmp/part20"))));
}

TEST(PinnedText, SummarisesOnlyTheLargest) {
  Report report = Server();
  for (uint32_t i = 0; i < 8; ++i) AddFile(report, "/tmp/f", kMebibyte).mutable_opened_at(0)->set_line(100 + i);
  EXPECT_THAT(Lines(report), AllOf(HasSubstr("\n 5 1 MiB"), Not(HasSubstr("\n 6 1 MiB")),
                                   HasSubstr(" … and 3 MiB in 3 more files, which the full report shows")));
  EXPECT_THAT(Lines(report, true), HasSubstr("\n 8 1 MiB"));
}

TEST(PinnedText, SaysHowOldTheSizesOfAKilledHolderAre) {
  Report report = Server();
  PinnedFile& file = AddFile(report, "/tmp/spool", kMebibyte);
  AddHolder(file, Holder::DESCRIPTOR, 3);
  file.set_seen_ns(10 * kSecond - 800'000'000);
  EXPECT_THAT(Lines(report), Not(HasSubstr("size as of"))) << "the last look before an announced end is exact";
  report.mutable_processes(0)->set_end(Process::VANISHED);
  EXPECT_THAT(Lines(report), HasSubstr("\n     size as of   800 ms before the end of pid 100"));
}

TEST(PinnedText, DoesNotHideInTheHeadingThatASizeIsOnlyThatOfTheLastLook) {
  Report report = Server();
  report.mutable_processes(0)->set_end(Process::VANISHED);
  PinnedFile& file = AddFile(report, "/tmp/spool", 0);
  AddHolder(file, Holder::DESCRIPTOR, 3);
  file.set_seen_ns(10 * kSecond - 800'000'000);
  const std::string text = RenderText(report, {});
  EXPECT_THAT(text, HasSubstr("0 still open · 0 B pinned, as of the last look\n"));
  EXPECT_THAT(text, HasSubstr("\nPINNED   0 B of disk, as of the last look, in 1 file without a name were held to the "
                              "end: du did not show them\n"));
}

TEST(PinnedText, TellsOfTheOldestOfSeveralSizes) {
  Report report = Server();
  report.mutable_processes(0)->set_end(Process::VANISHED);
  for (const int64_t age_ms : {0, 900, 300}) {
    PinnedFile& file = AddFile(report, "/tmp/spool", kMebibyte);
    AddHolder(file, Holder::DESCRIPTOR, 3);
    file.set_seen_ns(10 * kSecond - age_ms * 1'000'000);
  }
  EXPECT_THAT(Lines(report), HasSubstr("\n     size as of   900 ms before the end of pid 100"));
}

TEST(PinnedText, GivesTheCommandsThatFreeWhatIsStillHeld) {
  Report report = Server();
  report.mutable_processes(0)->set_end(Process::ALIVE);
  PinnedFile& file = AddFile(report, "/tmp/spool", kMebibyte);
  AddHolder(file, Holder::DESCRIPTOR, 3, true);
  for (const char* remedy : {": > /proc/100/fd/3  # lost", "gdb -p 100", "gdb -p 200"}) file.add_remedies(remedy);
  EXPECT_EQ(PinnedTitle(report, false), "1 MiB of disk in 1 file without a name are still held: du does not show them");
  EXPECT_THAT(Lines(report), HasSubstr("\n     held by      fd 3 of pid 100, not yet closed\n"
                                       "     free it by   : > /proc/100/fd/3  # lost\n"
                                       "     or by        gdb -p 100\n"
                                       "                  (1 more command)"));
}

TEST(PinnedText, GivesOneCommandForEachOfSeveralFiles) {
  Report report = Server();
  for (const char* number : {"3", "4", "5"}) {
    PinnedFile& file = AddFile(report, "/tmp/spool", kMebibyte);
    AddHolder(file, Holder::DESCRIPTOR, 3, true);
    file.add_remedies(std::string(": > ") + number);
    file.add_remedies("gdb");
  }
  EXPECT_THAT(Lines(report), AllOf(HasSubstr("\n     free it by   : > 3\n                  : > 4\n"
                                             "                  (1 more command)"),
                                   Not(HasSubstr("gdb"))));
}

TEST(PinnedText, HasNoCommandForWhatOnlyAMappingHolds) {
  Report report = Server();
  AddHolder(AddFile(report, "/tmp/spool", kMebibyte), Holder::MAPPING, -1, true);
  EXPECT_THAT(Lines(report), HasSubstr("free it by   the end of those that hold it"));
}

TEST(PinnedText, TellsWhenMostBytesWereHeldIfThatIsNews) {
  Report report = Server();
  PinnedFilesystem& filesystem = *report.add_pinned_filesystems();
  filesystem.set_mount("/");
  filesystem.set_type("ext4");
  filesystem.set_peak_bytes(63 * kMebibyte);
  filesystem.set_peak_ns(2 * kSecond);
  PinnedSite& site = *filesystem.add_peak_sites();
  site.set_bytes(60 * kMebibyte);
  AddFrame(*site.mutable_stack(), "make_spool", 7);
  EXPECT_THAT(PinnedTitle(report, false), IsEmpty());
  EXPECT_THAT(PinnedTitle(report, true), "files without a name were held, and none to the end");
  filesystem.set_peak_bytes(64 * kMebibyte);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("\nPINNED   files without a name were held, and none to the end\n"
                                                " the most at once: 64 MiB on / (ext4), 2.0 s after the start\n"
                                                "       60 MiB  opened at  spool.c:7  make_spool\n"));
  AddFile(report, "/tmp/spool", 40 * kMebibyte);
  EXPECT_THAT(Lines(report), Not(HasSubstr("the most at once"))) << "no more than half of it is gone";
}

TEST(PinnedText, IsNotThereWhenNothingWasHeld) {
  EXPECT_THAT(RenderText(Server(), {.full = true}), Not(HasSubstr("PINNED")));
  EXPECT_THAT(RenderText(Server(), {}), HasSubstr("no leaks: every descriptor that it opened was closed\n"));
}

}  // namespace
}  // namespace fdtrace
