#include "viewer/inherited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TraceInherited& AddInherited(TraceMaker& trace, uint32_t site, const std::string& executable, uint64_t count,
                             std::initializer_list<int32_t> fds) {
  TraceInherited& inherited = trace->inherited.emplace_back();
  inherited.set_site(site);
  inherited.set_executable(executable);
  inherited.set_process(1);
  inherited.set_count(count);
  inherited.mutable_fds()->Add(fds.begin(), fds.end());
  return inherited;
}

TEST(Inherited, NamesWhoOpenedAndWhoReceived) {
  TraceMaker trace;
  trace.AddProcess(2, 101).set_parent_pid(100);
  trace.AddSymbol(1, 0x10, "open_log", "/src/log.c", 12);
  trace.AddSite(trace.AddStack({0x10}), 2, 0, "openat");
  TraceInherited& record = AddInherited(trace, 1, "/usr/bin/worker\n", 2, {3, 7});
  record.set_process(2);
  record.set_opener_pid(100);
  const Report report = trace.Build();
  ASSERT_EQ(report.inherited_size(), 1);
  const Inherited& row = report.inherited(0);
  EXPECT_EQ(row.parent_pid(), 100u);
  EXPECT_EQ(row.child_pid(), 101u);
  EXPECT_EQ(row.executable(), "/usr/bin/worker\\x0a");
  EXPECT_EQ(row.count(), 2u);
  EXPECT_EQ(row.call(), "openat");
  EXPECT_FALSE(row.from_caller());
  EXPECT_THAT(row.fds(), ElementsAre(3, 7));
  ASSERT_EQ(row.stack_size(), 1);
  EXPECT_EQ(row.stack(0).function(), "open_log");
}

TEST(Inherited, PutsTheMostReceivedFirstAndTheCallersLast) {
  TraceMaker trace;
  trace->processes[0].set_parent_pid(55);
  trace.AddSite(trace.AddStack({0x10}), 1, 0);
  trace.AddSite(trace.AddStack({0x20}), 1, 0);
  AddInherited(trace, 0, kApp, 90, {3, 5}).set_opener_pid(7);
  AddInherited(trace, 1, "/bin/few", 2, {4});
  AddInherited(trace, 2, "/bin/many", 30, {4});
  const Report report = trace.Build();
  ASSERT_EQ(report.inherited_size(), 3);
  EXPECT_EQ(report.inherited(0).executable(), "/bin/many");
  EXPECT_EQ(report.inherited(1).executable(), "/bin/few");
  const Inherited& callers = report.inherited(2);
  EXPECT_TRUE(callers.from_caller());
  EXPECT_EQ(callers.parent_pid(), 55u) << "the receiver's parent";
  EXPECT_EQ(callers.child_pid(), 100u);
  EXPECT_THAT(callers.stack(), IsEmpty());
}

TEST(Inherited, MergesWhatLooksTheSameToAReader) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "/src/load.c", 7);
  trace.AddSymbol(1, 0x18, "load", "/src/load.c", 7);
  trace.AddSite(trace.AddStack({0x10}), 1, 0);
  trace.AddSite(trace.AddStack({0x18}), 1, 0);
  AddInherited(trace, 1, "/bin/sh", 2, {4, 9}).set_opener_pid(100);
  AddInherited(trace, 2, "/bin/sh", 3, {3, 4}).set_opener_pid(200);
  AddInherited(trace, 2, "/bin/cat", 1, {4});
  const Report report = trace.Build();
  ASSERT_EQ(report.inherited_size(), 2);
  EXPECT_EQ(report.inherited(0).count(), 5u);
  EXPECT_EQ(report.inherited(0).parent_pid(), 100u) << "of the first";
  EXPECT_THAT(report.inherited(0).fds(), ElementsAre(3, 4, 9));
}

TEST(Inherited, OfADamagedTraceHasNoStackAndIsNotTheCallers) {
  TraceMaker trace;
  AddInherited(trace, 77, "/bin/sh", 1, {3}).set_process(66);
  const Report report = trace.Build();
  ASSERT_EQ(report.inherited_size(), 1);
  EXPECT_FALSE(report.inherited(0).from_caller());
  EXPECT_EQ(report.inherited(0).child_pid(), 0u);
  EXPECT_THAT(report.inherited(0).stack(), IsEmpty());
}

TEST(Inherited, IsEmptyWhereTheTraceKnowsOfNone) { EXPECT_THAT(TraceMaker().Build().inherited(), IsEmpty()); }

}  // namespace
}  // namespace fdtrace
