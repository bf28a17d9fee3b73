#include "viewer/leaks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/session.h"
#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::Contains;
using testing::ElementsAre;

std::vector<std::string> Functions(const Frames& frames) {
  std::vector<std::string> functions;
  for (const Frame& frame : frames) functions.push_back(frame.function());
  return functions;
}

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

TEST(Leaks, ShowsOnlySitesWithSomethingStillOpen) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 5, 0);
  trace.AddSite(trace.AddStack({0x20}), 5, 2);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 1);
  EXPECT_EQ(report.leaks(0).opened(), 5u);
  EXPECT_EQ(report.leaks(0).call(), "open");
  ExpectThatNumbersAddUp(report);
}

TEST(Leaks, RanksByVerdictThenCountThenAge) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 1, 1, "single");
  trace.AddSite(trace.AddStack({0x20}), 50, 50, "held_first");
  trace.AddSite(trace.AddStack({0x30}), 50, 50, "held_second");
  trace.AddSite(trace.AddStack({0x40}), 90, 90, "held_more");
  TraceMaker::Grow(trace.AddSite(trace.AddStack({0x50}), 8, 8, "growing"));
  const Report report = trace.Build();
  std::vector<std::string> calls;
  for (const LeakSite& leak : report.leaks()) calls.push_back(leak.call());
  EXPECT_THAT(calls, ElementsAre("growing", "held_more", "held_first", "held_second", "single"));
  ExpectThatNumbersAddUp(report);
}

TEST(Leaks, MergesAddressesOfOneSourceLine) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x20, "load", "/src/load.c", 8);
  TraceMaker::Grow(trace.AddSite(trace.AddStack({0x10}), 10, 8));
  trace.AddSite(trace.AddStack({0x18}), 4, 1);
  trace.AddSite(trace.AddStack({0x18}), 4, 1, "openat");
  trace.AddSite(trace.AddStack({0x20}), 1, 1);
  trace.AddDescriptor(1, 5, 300);
  trace.AddDescriptor(2, 4, 200);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 3);
  const LeakSite& merged = report.leaks(0);
  EXPECT_EQ(merged.opened(), 14u);
  EXPECT_EQ(merged.closed(), 5u);
  EXPECT_EQ(merged.still_open(), 9u);
  EXPECT_EQ(merged.peak_open(), 9u);
  EXPECT_EQ(merged.verdict(), LeakSite::GROWING);
  ASSERT_EQ(merged.descriptors_size(), 2);
  EXPECT_EQ(merged.descriptors(0).fd(), 4) << "the oldest first";
  ExpectThatNumbersAddUp(report);
}

void AddWindow(TraceSite& site, uint64_t ended_ns, uint32_t low, uint32_t high) {
  site.mutable_shape()->add_ended_ns(ended_ns);
  site.mutable_shape()->add_low(low);
  site.mutable_shape()->add_high(high);
}

std::vector<std::vector<int64_t>> CurveOf(const LeakSite& leak) {
  std::vector<std::vector<int64_t>> points;
  for (const CurvePoint& point : leak.curve()) points.push_back({point.at_ns(), point.low(), point.high()});
  return points;
}

using Point = std::vector<int64_t>;

TEST(Leaks, DrawsHowManyWereOpenOverTime) {
  TraceMaker trace;
  TraceSite& site = trace.AddSite(trace.AddStack({0x10}), 9, 3);
  AddWindow(site, 100, 1, 2);
  AddWindow(site, 250, 2, 5);
  AddWindow(site, 700, 3, 4);
  EXPECT_THAT(CurveOf(trace.Build().leaks(0)), ElementsAre(Point{100, 1, 2}, Point{250, 2, 5}, Point{700, 3, 4}));
}

TEST(Leaks, DrawsNoCurveThatGoesBackInTime) {
  TraceMaker trace;
  TraceSite& site = trace.AddSite(trace.AddStack({0x10}), 9, 3);
  AddWindow(site, 100, 1, 1);
  AddWindow(site, 90, 2, 2);
  AddWindow(site, 300, 3, 3);
  EXPECT_THAT(CurveOf(trace.Build().leaks(0)), ElementsAre(Point{100, 1, 1}, Point{100, 2, 2}, Point{300, 3, 3}));
}

TEST(Leaks, DrawsNoCurveOfSitesThatAreOneToAReader) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
  AddWindow(trace.AddSite(trace.AddStack({0x10}), 1, 1), 100, 1, 1);
  AddWindow(trace.AddSite(trace.AddStack({0x18}), 1, 1), 200, 1, 1);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 1);
  EXPECT_THAT(CurveOf(report.leaks(0)), ElementsAre());
}

TEST(Leaks, DrawsNoCurveOfATraceWithoutItsTimes) {
  TraceMaker trace;
  TraceMaker::Grow(trace.AddSite(trace.AddStack({0x10}), 8, 8));
  EXPECT_THAT(CurveOf(trace.Build().leaks(0)), ElementsAre());
}

TEST(Leaks, CallsTwoMergedSinglesHeld) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
  trace.AddSite(trace.AddStack({0x10}), 1, 1);
  trace.AddSite(trace.AddStack({0x18}), 1, 1);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 1);
  EXPECT_EQ(report.leaks(0).verdict(), LeakSite::HELD);
}

TEST(Leaks, KeepsUnknownFunctionsApartByAddress) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 1, 1);
  trace.AddSite(trace.AddStack({0x20}), 1, 1);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 2);
  EXPECT_EQ(report.leaks(0).stack(0).function(), "");
  EXPECT_EQ(report.leaks(0).stack(0).module(), kApp);
  EXPECT_EQ(report.leaks(0).stack(0).address(), 0x10u);
  ExpectThatNumbersAddUp(report);
}

TEST(Leaks, ShowsInlinedFramesAndLeavesOutTheWayIntoMain) {
  TraceMaker trace;
  TraceSymbol& symbol = trace.AddSymbol(1, 0x10, "inlined", "/src/a.c", 1);
  TraceMaker::AddPlace(symbol, "main", "/src/a.c", 9);
  trace.AddSymbol(2, 0x99, "__libc_start_main");
  StoredStack& stack = trace->stacks[trace.AddStack({0x10}) - 1];
  TraceMaker::AddFrame(stack, 2, 0x88);  // __libc_start_call_main, of a stripped libc
  TraceMaker::AddFrame(stack, 2, 0x99);
  TraceMaker::AddFrame(stack, 1, 0x77);  // _start, of a stripped program
  trace.AddSite(stack.index, 1, 1);
  const Report report = trace.Build();
  EXPECT_THAT(Functions(report.leaks(0).stack()), ElementsAre("inlined", "main"));
  EXPECT_TRUE(report.leaks(0).stack(0).inlined());
  EXPECT_FALSE(report.leaks(0).stack(1).inlined());
}

TEST(Leaks, KeepsTheWayIntoMainWhereNothingElseIsLeft) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x11, "_start");
  trace.AddSite(trace.AddStack({0x11}), 1, 1);
  EXPECT_THAT(Functions(trace.Build().leaks(0).stack()), ElementsAre("_start"));
}

TEST(Leaks, ShowsWhereSiblingsAreClosedMostFrequentFirst) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x30, "finish", "/src/f.c", 3);
  trace.AddSymbol(1, 0x31, "finish", "/src/f.c", 3);
  const uint32_t exec = 0;
  TraceSite& site = trace.AddSite(trace.AddStack({0x10}), 20, 2);
  const auto close_at = [&](uint32_t stack, const std::string& function, uint64_t count) {
    TraceClosedAt& closed_at = *site.add_closed_at();
    closed_at.set_stack(stack);
    closed_at.set_function(function);
    closed_at.set_count(count);
  };
  close_at(exec, "execve", 8);
  close_at(trace.AddStack({0x30}), "close", 5);
  close_at(trace.AddStack({0x31}), "close", 5);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks(0).usually_closed_at_size(), 2);
  EXPECT_EQ(report.leaks(0).usually_closed_at(0).count(), 10u);
  EXPECT_EQ(report.leaks(0).usually_closed_at(0).call(), "close");
  EXPECT_THAT(Functions(report.leaks(0).usually_closed_at(0).stack()), ElementsAre("finish"));
  EXPECT_EQ(report.leaks(0).usually_closed_at(1).call(), "execve");
}

TEST(Leaks, ShowsWhereReceivedDescriptorsWereFirstOpenedMostFrequentFirst) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x30, "accept_client", "/src/accept.c", 3);
  trace.AddSymbol(1, 0x31, "accept_client", "/src/accept.c", 3);
  trace.AddSite(trace.AddStack({0x10}), 9, 5, "recvmsg");
  trace.AddSite(trace.AddStack({0x20}), 9, 0, "open");
  trace.AddSite(trace.AddStack({0x30}), 9, 0, "accept");
  trace.AddSite(trace.AddStack({0x31}), 9, 0, "accept");
  const uint32_t unknown = 0, damaged = 99;
  int fd = 3;
  for (const uint32_t first : {2u, 3u, 4u, unknown, damaged}) trace.AddDescriptor(1, fd++).set_first_site(first);
  const Report report = trace.Build();
  ASSERT_EQ(report.leaks_size(), 1);
  ASSERT_EQ(report.leaks(0).first_opened_at_size(), 2);
  const OpenedAt& most = report.leaks(0).first_opened_at(0);
  EXPECT_EQ(most.count(), 2u);
  EXPECT_EQ(most.call(), "accept");
  EXPECT_THAT(Functions(most.stack()), ElementsAre("accept_client"));
  EXPECT_EQ(report.leaks(0).first_opened_at(1).call(), "open");
}

TEST(Leaks, NamesTheResourceAsTheKernelSeesIt) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 3, 3);
  trace.AddDescriptor(1, 3).set_resource(MESSAGE_QUEUE);
  trace.AddDescriptor(1, 4).set_resource(MESSAGE_QUEUE);
  trace.AddDescriptor(1, 5).set_resource(TERMINAL);
  trace.AddSite(trace.AddStack({0x20}), 1, 1);
  trace.AddDescriptor(2, 6);
  const Report report = trace.Build();
  EXPECT_EQ(report.leaks(0).resource(), "message queue");
  EXPECT_EQ(report.leaks(1).resource(), "file");
  EXPECT_EQ(ResourceName(RESOURCE_UNKNOWN), "unknown");
}

TEST(Leaks, ShowsTheBestThatIsKnownOfAPath) {
  TraceDescriptor descriptor;
  EXPECT_EQ(ShownPath(descriptor), "");
  descriptor.set_path_argument("conf/\xff");
  EXPECT_EQ(ShownPath(descriptor), "conf/\\xff (as passed to the call)");
  descriptor.set_path_argument(std::string(kMaxPathBytes, 'd'));
  EXPECT_EQ(ShownPath(descriptor), std::string(kMaxPathBytes, 'd') + "… (its beginning, as passed to the call)");
  descriptor.set_link("socket:[7]");
  EXPECT_EQ(ShownPath(descriptor), "socket:[7]");
  descriptor.set_description("tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT");
  EXPECT_EQ(ShownPath(descriptor), "tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT");
}

TEST(Leaks, NamesTheThreadThatOpened) {
  TraceMaker trace;
  trace.AddSite(trace.AddStack({0x10}), 3, 3);
  trace.AddDescriptor(1, 3, 1).set_thread("worker");
  trace->descriptors.back().set_tid(12);
  trace.AddDescriptor(1, 4, 2).set_tid(13);
  trace.AddDescriptor(1, 5, 3);
  const LeakSite leak = trace.Build().leaks(0);
  EXPECT_EQ(leak.descriptors(0).thread(), "worker (12)");
  EXPECT_EQ(leak.descriptors(0).pid(), 100u);
  EXPECT_EQ(leak.descriptors(1).thread(), "13");
  EXPECT_EQ(leak.descriptors(2).thread(), "");
}

TEST(Leaks, KeepsWhatIsNotTheProgramsOwnOutOfLeaks) {
  TraceMaker trace;
  trace.AddDescriptor(0, 7).set_link("/var/log/x");
  trace.AddDescriptor(0, 8).set_inherited(true);
  trace->end->set_opened_unseen(1);
  const Report report = trace.Build();
  EXPECT_EQ(report.leaks_size(), 0);
  EXPECT_EQ(report.recording().corrections().opened_unseen(), 1u);
  EXPECT_THAT(Notes(report), Contains("1 descriptor still open whose origin was not seen: fd 7 /var/log/x"));
  ExpectThatNumbersAddUp(report);
}

}  // namespace
}  // namespace fdtrace
