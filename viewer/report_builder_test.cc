#include "viewer/report_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"
#include "viewer/json.h"

namespace fdtrace {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> Notes(const Report& report) {
  return {report.recording().notes().begin(), report.recording().notes().end()};
}

void ExpectThatNumbersAddUp(const Report& report) {
  uint64_t still_open = 0;
  for (const LeakSite& leak : report.leaks()) {
    EXPECT_EQ(leak.opened(), leak.closed() + leak.still_open()) << leak.ShortDebugString();
    EXPECT_GT(leak.still_open(), 0u);
    still_open += leak.still_open();
  }
  EXPECT_EQ(still_open, report.recording().still_open());
}

TEST(BuildReport, TellsWhetherThereWasOneProgram) {
  TraceMaker trace;
  EXPECT_FALSE(trace.Build().recording().session());
  trace->start->set_root_pid(0);
  EXPECT_TRUE(trace.Build().recording().session());
}

TEST(BuildReport, TellsHowTheProgramRan) {
  TraceMaker trace;
  trace->end->set_exit_status(139);
  trace->end->set_signal(11);
  trace->end->set_events(77);
  const Report report = trace.Build();
  EXPECT_THAT(report.recording().command(), ElementsAre("./app"));
  EXPECT_EQ(report.recording().started_at(), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(report.recording().duration_ns(), 10 * static_cast<int64_t>(kSecond));
  EXPECT_EQ(report.recording().exit_status(), 139);
  EXPECT_EQ(report.recording().signal(), 11u);
  EXPECT_EQ(report.recording().events(), 77);
  EXPECT_TRUE(report.recording().complete());
  EXPECT_THAT(Notes(report), IsEmpty());
}

TEST(BuildReport, OfATraceCutShortShowsWhatThereIs) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 3, 2);
  trace->end.reset();
  trace->processes[0].set_opened(9);
  Report report = trace.Build();
  EXPECT_FALSE(report.recording().complete());
  EXPECT_EQ(report.recording().opened(), 9u);
  EXPECT_THAT(Notes(report), ElementsAre(HasSubstr("cut short")));
  ExpectThatNumbersAddUp(report);

  trace->damage = "the trace is cut short at byte 1234";
  report = trace.Build();
  EXPECT_THAT(Notes(report), ElementsAre(HasSubstr("at byte 1234")));
}

TEST(BuildReport, OfATraceDamagedBehindItsEndIsNotComplete) {
  TraceMaker trace;
  trace->damage = "the trace is damaged at byte 99";
  const Report report = trace.Build();
  EXPECT_FALSE(report.recording().complete());
  EXPECT_THAT(Notes(report), ElementsAre(HasSubstr("at byte 99")));
}

TEST(BuildReport, OfATraceWithoutAnyRecordIsEmptyAndSaysSo) {
  const Report report = BuildReport(Trace());
  EXPECT_FALSE(report.recording().complete());
  EXPECT_THAT(Notes(report), ElementsAre(HasSubstr("cut short")));
}

TEST(BuildReport, SaysWhenTheTraceIsAtOddsWithItself) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 3, 2);
  trace->end->set_still_open(5);
  const Report report = trace.Build();
  EXPECT_FALSE(report.recording().complete());
  EXPECT_THAT(Notes(report), Contains(HasSubstr("do not add up")));
}

TEST(BuildReport, OfAProgramThatCouldNotBeFollowedSaysWhy) {
  TraceMaker trace;
  trace->processes.clear();
  trace.AddProcess(2, 200);
  trace->start->set_untraced_reason("it is statically linked");
  const Report report = trace.Build();
  EXPECT_FALSE(report.recording().complete());
  ASSERT_EQ(report.processes_size(), 2);
  EXPECT_EQ(report.processes(0).pid(), 100u);
  EXPECT_EQ(report.processes(0).executable(), "./app");
  EXPECT_EQ(report.processes(0).untraced_reason(), "it is statically linked");
}

TEST(BuildReport, PutsTheProgramItselfFirst) {
  TraceMaker trace;
  trace->processes[0].set_pid(555);
  trace.AddProcess(2, 100);
  const Report report = trace.Build();
  EXPECT_EQ(report.processes(0).pid(), 100u);
  EXPECT_EQ(report.processes(1).pid(), 555u);
}

TEST(BuildReport, TellsWhatEachProcessOpenedAndHowItEnded) {
  TraceMaker trace;
  trace->processes[0].set_opened(12);
  trace->processes[0].set_end(TraceProcess::EXITED);
  TraceProcess& child = trace.AddProcess(2, 101);
  child.set_end(TraceProcess::UNTRACED);
  child.set_untraced_reason("it is statically linked");
  trace.AddProcess(3, 102).set_end(TraceProcess::VANISHED);
  trace.AddProcess(4, 103);
  const Report report = trace.Build();
  EXPECT_EQ(report.processes(0).opened(), 12u);
  EXPECT_EQ(report.processes(0).end(), Process::EXITED);
  EXPECT_EQ(report.processes(1).end(), Process::UNTRACED);
  EXPECT_EQ(report.processes(1).untraced_reason(), "it is statically linked");
  EXPECT_EQ(report.processes(2).end(), Process::VANISHED);
  EXPECT_EQ(report.processes(3).end(), Process::ALIVE);
}

TEST(BuildReport, DrawsTheTimelineWithTheLimitOfAnOnlyProcess) {
  TraceMaker trace;
  trace->timeline.emplace();
  trace->timeline->set_window_ns(500);
  trace->timeline->add_open(3);
  trace->timeline->add_open(4);
  Report report = trace.Build();
  ASSERT_EQ(report.timeline_size(), 2);
  EXPECT_EQ(report.timeline(1).at_ns(), 500);
  EXPECT_EQ(report.timeline(1).open(), 4u);
  EXPECT_EQ(report.timeline(1).limit(), 1024);
  trace.AddProcess(2, 101);
  EXPECT_EQ(trace.Build().timeline(1).limit(), 0);
}

TEST(BuildReport, MakesJsonOfWhateverBytesTheProgramHad) {
  TraceMaker trace;
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  trace->start->add_command(every_byte);
  trace->processes[0].set_executable(every_byte);
  trace->processes[0].add_command_line(every_byte);
  trace->modules[0].set_path(every_byte);
  trace.AddSite(trace.AddStack({0x10}), 1, 1);
  trace.AddDescriptor(1, 3).set_link(every_byte);
  trace->descriptors.back().set_thread(every_byte);
  trace.AddPinned(4096).set_path(every_byte);
  trace->leftovers.emplace_back().set_directory(every_byte);
  trace->leftovers.back().set_pattern(every_byte);
  trace->growths.emplace_back().set_path(every_byte);
  trace->filesystems.emplace_back().set_mount(every_byte);
  trace->filesystems.back().set_device(8);
  trace->filesystems.back().set_peak_bytes(1);
  const absl::StatusOr<std::string> json = RenderJson(trace.Build());
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json, AllOf(HasSubstr("\\\\x00"), HasSubstr("\\\\xff"), Not(HasSubstr("\\u0007"))));
}

}  // namespace
}  // namespace fdtrace
