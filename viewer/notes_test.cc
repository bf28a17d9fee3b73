#include "viewer/notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Notes(const Report& report) {
  return {report.recording().notes().begin(), report.recording().notes().end()};
}

TEST(Notes, ListsOnlyAFewDescriptorsOfUnknownOrigin) {
  TraceMaker trace;
  for (int fd = 3; fd < 10; ++fd) trace.AddDescriptor(0, fd);
  EXPECT_THAT(Notes(trace.Build()),
              Contains("7 descriptors still open whose origin was not seen: fd 3, fd 4, fd 5 and 4 more"));
}

TEST(Notes, NotesWhatWasLostAndWhatCouldNotBeFollowed) {
  TraceMaker trace;
  trace->end->add_notes("a note of the collector's");
  trace->processes[0].set_stackless(1);
  TraceProcess& child = trace.AddProcess(2, 101);
  child.set_executable("/bin/busybox");
  child.set_untraced_reason("it is statically linked");
  TraceSymbol& unread = trace->symbols.emplace_back();
  unread.set_module(1);
  unread.set_unread_reason("the file has changed since it was traced");
  EXPECT_THAT(Notes(trace.Build()),
              ElementsAre("a note of the collector's", HasSubstr("1 descriptor opened where no stack could be taken"),
                          "1 process could not be followed (what it opened is not known, what it was given is shown as "
                          "still open): busybox (pid 101): it is statically linked",
                          "no functions or lines of /opt/app: the file has changed since it was traced"));
}

TEST(Notes, FoldWhatCouldNotBeFollowedByReason) {
  TraceMaker trace;
  uint32_t serial = 2;
  const auto add = [&](const std::string& program, const std::string& reason) {
    TraceProcess& process = trace.AddProcess(serial, 100 + serial);
    process.set_executable("/bin/" + program);
    process.set_untraced_reason(reason);
    ++serial;
  };
  add("su", "it is set-user-ID");
  for (int i = 0; i < 3; ++i) add("busybox", "it is statically linked");
  add("ldconfig", "it is statically linked");
  EXPECT_THAT(Notes(trace.Build()),
              ElementsAre("5 processes could not be followed (what they opened is not known, what they were given is "
                          "shown as still open): busybox ×3, ldconfig: it is statically linked; "
                          "su (pid 102): it is set-user-ID"));
  add("a", "1");
  add("b", "2");
  add("c", "3");
  EXPECT_THAT(Notes(trace.Build()), ElementsAre(HasSubstr("; and 2 more reasons")));
}

TEST(Notes, TellOfLostEventsWhereTheCollectorDidNotComeToIt) {
  TraceMaker trace;
  trace->processes[0].set_events_lost(1200);
  EXPECT_THAT(Notes(trace.Build()), ElementsAre());
  trace->end.reset();
  EXPECT_THAT(Notes(trace.Build()), Contains("events lost: 1,200; the counts may be off by as many"));
}

TEST(Notes, TellWhatTheKernelCorrected) {
  TraceMaker trace;
  trace->end->set_closed_unseen(2);
  EXPECT_THAT(Notes(trace.Build()),
              ElementsAre("corrected by what the kernel showed: 0 descriptors opened and 2 closed "
                          "by no call that fdtrace saw"));
}

TEST(Notes, WarnOfAProcessThatCameCloseToItsLimit) {
  TraceMaker trace;
  trace->processes[0].set_peak_open(960);
  EXPECT_THAT(Notes(trace.Build()), Contains("app (pid 100) got to 960 of the 1,024 descriptors that it may have"));
  trace.AddProcess(2, 101).set_nofile_soft(10);
  trace->processes[1].set_peak_open(9);
  EXPECT_THAT(Notes(trace.Build()), Contains("app (pid 100) got to 960 of the 1,024 descriptors that it may have, and "
                                             "1 other came near to theirs"));
}

TEST(Notes, SayHowLongTheRestWouldHaveLastedWhereASiteKeptGrowing) {
  TraceMaker trace;
  trace->processes[0].set_peak_open(964);
  TraceSite& site = trace.AddSite(trace.AddStack({0x10}), 600, 600);
  TraceMaker::Grow(site);
  site.set_first_opened_ns(0);
  EXPECT_THAT(Notes(trace.Build()),
              Contains(HasSubstr("may have: what kept growing would have taken the rest in 1.0 s")));
}

TEST(Notes, DoNotWarnOfAProcessThatHitItsLimitOrRaisedItOrWasFarFromIt) {
  const auto notes = [](uint32_t peak, bool failed) {
    TraceMaker trace;
    trace->processes[0].set_peak_open(peak);
    if (failed) {
      trace->failures.emplace_back().set_error(EMFILE);
      trace->failures[0].set_process(1);
    }
    return Notes(trace.Build());
  };
  for (const auto& none : {notes(1024, true), notes(1025, false), notes(921, false)}) {
    EXPECT_THAT(none, testing::Not(Contains(HasSubstr("got to"))));
  }
  EXPECT_THAT(notes(1024, false), Contains(HasSubstr("got to")));
}

}  // namespace
}  // namespace fdtrace
