#include "viewer/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "viewer/frames.h"

namespace fdtrace {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kSecond = 1'000'000'000;

void AddFrame(Frames& frames, const std::string& function, const std::string& file, uint32_t line,
              const std::string& module) {
  Frame& frame = *frames.Add();
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(line);
  frame.set_module(module);
}

void AddDescriptor(LeakSite& leak, int fd, const std::string& path, int64_t opened_ns) {
  Descriptor& descriptor = *leak.add_descriptors();
  descriptor.set_pid(100);
  descriptor.set_fd(fd);
  descriptor.set_path(path);
  descriptor.set_opened_ns(opened_ns);
}

Report CleanRun() {
  Report report;
  Recording& recording = *report.mutable_recording();
  recording.add_command("./server");
  recording.set_duration_ns(12'400'000'000);
  recording.set_complete(true);
  recording.set_opened(18'204);
  report.add_processes()->set_pid(100);
  return report;
}

LeakSite& AddLeak(Report& report, LeakSite::Verdict verdict, uint32_t opened, uint32_t still_open,
                  const std::string& resource) {
  LeakSite& leak = *report.add_leaks();
  leak.set_verdict(verdict);
  leak.set_opened(opened);
  leak.set_still_open(still_open);
  leak.set_closed(opened - still_open);
  leak.set_resource(resource);
  leak.set_call("open");
  report.mutable_recording()->set_still_open(report.recording().still_open() + still_open);
  return leak;
}

Report LeakyServer() {
  Report report = CleanRun();
  LeakSite& config = AddLeak(report, LeakSite::GROWING, 4000, 200, "file");
  AddFrame(*config.mutable_stack(), "fopen", "", 0, "/usr/lib/libc.so.6");
  AddFrame(*config.mutable_stack(), "load_config", "/src/config.cc", 42, "/opt/server");
  config.mutable_stack(1)->set_inlined(true);
  AddFrame(*config.mutable_stack(), "app::handle_request(Request const&)", "/src/server.cc", 118, "/opt/server");
  for (int i = 0; i < 200; ++i)
    AddDescriptor(config, 14 + i, i == 0 ? "/etc/app/a.conf" : "/etc/app/b.conf", kSecond * 3 / 10);
  ClosedAt& closer = *config.add_usually_closed_at();
  closer.set_count(3800);
  AddFrame(*closer.mutable_stack(), "fclose", "", 0, "/usr/lib/libc.so.6");
  AddFrame(*closer.mutable_stack(), "load_config", "/src/config.cc", 57, "/opt/server");

  LeakSite& unknown = AddLeak(report, LeakSite::HELD, 2, 2, "eventfd");
  AddFrame(*unknown.mutable_stack(), "", "", 0, "/opt/libplugin.so");
  unknown.mutable_stack(0)->set_address(0x1a2b);

  LeakSite& socket = AddLeak(report, LeakSite::SINGLE, 1, 1, "socket");
  AddFrame(*socket.mutable_stack(), "connect_db", "/src/db.cc", 9, "/opt/server");
  AddDescriptor(socket, 9, "tcp 10.0.0.1:5000 <-> 10.0.0.2:5432 CLOSE_WAIT", 12 * kSecond);

  AddLeak(report, LeakSite::SINGLE, 1, 1, "file");
  report.mutable_recording()->add_notes("12 events were lost: the counts may be off by as many");
  return report;
}

TEST(Text, SummarisesLeaks) {
  EXPECT_EQ(RenderText(LeakyServer(), {}),
            R"text(fdtrace: ./server ended with status 0 after 12.4 s · 18,204 descriptors opened, 204 still open

LEAKS   204 descriptors from 4 sites
 1 GROWING  200 of 4,000 still open   file     load_config                config.cc:42
     libc.so.6      fopen
     config.cc:42   load_config
     server.cc:118  app::handle_request
     e.g. fd 14 /etc/app/a.conf, opened 12.1 s before the end · fd 15 /etc/app/b.conf, opened 12.1 s before the end (198 more)
     its siblings are closed at  config.cc:57  load_config  (3,800 times)
 2 HELD     2 of 2 still open         eventfd  libplugin.so+0x1a2b
 3 SINGLE   1 of 1 still open         socket   connect_db                 db.cc:9
     fd 9 tcp 10.0.0.1:5000 <-> 10.0.0.2:5432 CLOSE_WAIT, opened 400 ms before the end
 4 SINGLE   1 of 1 still open         file     an unknown place, by open

note: 12 events were lost: the counts may be off by as many
)text");
}

TEST(Text, ShowsEverythingInFull) {
  Report report = LeakyServer();
  report.mutable_leaks()->DeleteSubrange(1, 3);
  report.mutable_leaks(0)->mutable_descriptors()->DeleteSubrange(2, 198);
  report.mutable_recording()->set_still_open(200);
  EXPECT_EQ(RenderText(report, {.full = true}),
            R"text(fdtrace: ./server ended with status 0 after 12.4 s · 18,204 descriptors opened, 200 still open

LEAKS   200 descriptors from 1 site
 1 GROWING  200 of 4,000 still open   file  load_config  config.cc:42
     libc.so.6           fopen
     /src/config.cc:42   load_config  (inlined)
     /src/server.cc:118  app::handle_request(Request const&)
     fd 14 /etc/app/a.conf, opened 12.1 s before the end
     fd 15 /etc/app/b.conf, opened 12.1 s before the end
     its siblings are closed at  /src/config.cc:57  load_config  (3,800 times)

note: 12 events were lost: the counts may be off by as many
)text");
}

TEST(Text, IsPleasantAboutACleanRun) {
  EXPECT_EQ(RenderText(CleanRun(), {}),
            "fdtrace: ./server ended with status 0 after 12.4 s · 18,204 descriptors opened, 0 still open\n"
            "no leaks: every descriptor that it opened was closed\n");
}

TEST(Text, PromisesNoMoreThanWasSeen) {
  Report report = CleanRun();
  report.mutable_recording()->mutable_corrections()->set_opened_unseen(1);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("every descriptor that it was seen to open was closed"));
  report.mutable_recording()->set_complete(false);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("no leaks seen, but the recording is not complete"));
}

TEST(Text, SaysHowLongManyCommandsWereRecorded) {
  Report report = CleanRun();
  report.mutable_recording()->set_session(true);
  EXPECT_EQ(RenderText(report, {}),
            "fdtrace: session recorded for 12.4 s · 18,204 descriptors opened, 0 still open\n"
            "no leaks: every descriptor that it opened was closed\n");
}

TEST(Text, SaysHowTheProgramEnded) {
  Report report = CleanRun();
  report.mutable_recording()->set_exit_status(139);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("./server ended with status 139 after"));
  report.mutable_recording()->set_signal(11);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("./server was killed by SIGSEGV after"));
  report.mutable_recording()->set_signal(40);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("./server was killed by signal 40 after"));
  report.mutable_recording()->set_duration_ns(0);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("./server ended in a way that the trace does not tell"));
}

TEST(Text, SaysWhyAProgramShowsNothing) {
  Report report = CleanRun();
  report.mutable_processes(0)->set_untraced_reason("it is statically linked");
  EXPECT_THAT(RenderText(report, {}),
              HasSubstr("\nnothing to show: the program could not be followed: it is statically linked\n"));
}

TEST(Text, SummarisesOnlyTheWorstSitesAndTheirInnermostFrames) {
  Report report = CleanRun();
  for (int i = 0; i < 13; ++i) {
    LeakSite& leak = AddLeak(report, LeakSite::HELD, 2, 2, "file");
    for (int frame = 0; frame < 15; ++frame) {
      AddFrame(*leak.mutable_stack(), "f" + std::to_string(frame), "/src/a.c", 1, "/opt/server");
    }
  }
  const std::string summary = RenderText(report, {});
  EXPECT_THAT(summary, HasSubstr("\n 10 HELD"));
  EXPECT_THAT(summary, Not(HasSubstr("\n 11 HELD")));
  EXPECT_THAT(summary, HasSubstr("a.c:1  f11\n     … 3 more frames\n"));
  EXPECT_THAT(summary, HasSubstr(" … and 6 descriptors from 3 more sites, which the full report shows\n"));
  const std::string full = RenderText(report, {.full = true});
  EXPECT_THAT(full, HasSubstr("\n 13 HELD"));
  EXPECT_THAT(full, HasSubstr("f14\n"));
  EXPECT_THAT(full, Not(HasSubstr("more frames")));
}

TEST(Text, DoesNotSayThatNothingWasSeenOfAProgramThatWentOnToAnUntraceableOne) {
  Report report = CleanRun();
  report.mutable_recording()->set_complete(false);
  report.mutable_processes(0)->set_untraced_reason("it is statically linked");
  report.mutable_processes(0)->set_end(Process::UNTRACED);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("\nno leaks seen, but the recording is not complete\n"));
}

TEST(Text, SaysWhereReceivedDescriptorsWereFirstOpened) {
  Report report = CleanRun();
  LeakSite& leak = AddLeak(report, LeakSite::HELD, 5, 5, "socket");
  AddFrame(*leak.mutable_stack(), "receive", "/src/worker.c", 9, "/opt/worker");
  OpenedAt& most = *leak.add_first_opened_at();
  most.set_count(3);
  AddFrame(*most.mutable_stack(), "accept_client", "/src/main.c", 70, "/opt/server");
  OpenedAt& fewer = *leak.add_first_opened_at();
  fewer.set_count(1);
  AddFrame(*fewer.mutable_stack(), "dial", "/src/main.c", 80, "/opt/server");
  const std::string summary = RenderText(report, {});
  EXPECT_THAT(summary,
              HasSubstr("\n     first opened at  main.c:70  accept_client  (3 times), and received over a socket\n"));
  EXPECT_THAT(summary, Not(HasSubstr("dial")));
  EXPECT_THAT(RenderText(report, {.full = true}),
              HasSubstr("first opened at  /src/main.c:80  dial  (1 time), and received"));
}

TEST(Text, SaysWhichLeakHoldsBytes) {
  Report report = LeakyServer();
  report.mutable_leaks(2)->set_pinned_bytes(8 << 20);
  EXPECT_THAT(RenderText(report, {}),
              HasSubstr("400 ms before the end\n     holding 8 MiB in files without a name: see PINNED\n 4 SINGLE"));
}

TEST(Text, NamesTheProcessWhereThereAreSeveral) {
  Report report = LeakyServer();
  report.add_processes()->set_pid(101);
  EXPECT_THAT(RenderText(report, {}), HasSubstr("fd 14 of pid 100 /etc/app/a.conf, opened"));
}

TEST(Text, NamesTestsAfterTheLeaksAndInFullWithEachDescriptor) {
  Report report = LeakyServer();
  report.mutable_leaks(2)->mutable_descriptors(0)->set_test("Server.Connects");
  fdtrace::Test& test = *report.add_tests();
  test.set_name("Server.Connects");
  test.set_still_open(1);
  test.add_leaks(2);
  const std::string summary = RenderText(report, {});
  EXPECT_THAT(summary, HasSubstr("by open\n\nTESTS   1 of 1 left descriptors open\n"
                                 "  Server.Connects   1 descriptor   connect_db  db.cc:9\n\nnote: "));
  EXPECT_THAT(summary, Not(HasSubstr("in Server.Connects")));
  EXPECT_THAT(RenderText(report, {.full = true}), HasSubstr("opened 400 ms before the end, in Server.Connects\n"));
}

TEST(Text, HasColoursOnlyWhenAsked) {
  EXPECT_THAT(RenderText(LeakyServer(), {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(RenderText(LeakyServer(), {.colours = true}), HasSubstr("\x1b[1;31mGROWING\x1b[0m"));
}

}  // namespace
}  // namespace fdtrace
