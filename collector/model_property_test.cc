// The model against a naive kernel: whatever random programs do, and in whatever order the rings are read, the trace
// must say what the kernel wrote down.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collector/naive_kernel.h"
#include "gtest/gtest.h"

namespace fdtrace::naive {
namespace {

Code CodeOf(const KeptTrace& trace, uint32_t stack, const std::string& function) {
  const TraceStack* const found = trace.StackAt(stack);
  if (found == nullptr) return {.address = 0, .function = function};
  EXPECT_EQ(found->frames_size(), 1);
  EXPECT_EQ(trace.modules.at(found->frames(0).module() - 1).path(), "/lib/program.so");
  return {.address = found->frames(0).address(), .function = function};
}

void CheckShape(const TraceSite& site, const std::vector<uint32_t>& history) {
  EXPECT_EQ(site.peak_open(), *std::max_element(history.begin(), history.end()));
  size_t per_window = 1;
  while ((history.size() + per_window - 1) / per_window > 64) per_window *= 2;
  std::vector<uint32_t> low, high;
  for (size_t i = 0; i < history.size(); i += per_window) {
    const auto end = history.begin() + static_cast<long>(std::min(history.size(), i + per_window));
    low.push_back(*std::min_element(history.begin() + static_cast<long>(i), end));
    high.push_back(*std::max_element(history.begin() + static_cast<long>(i), end));
  }
  EXPECT_EQ(site.shape().operations_per_window(), per_window);
  EXPECT_EQ(std::vector<uint32_t>(site.shape().low().begin(), site.shape().low().end()), low);
  EXPECT_EQ(std::vector<uint32_t>(site.shape().high().begin(), site.shape().high().end()), high);
}

void CheckSites(const KeptTrace& trace, NaiveKernel& kernel, bool in_order) {
  std::map<Code, SiteCount> naive = kernel.ExpectedSites();
  std::map<uint32_t, std::set<std::pair<uint32_t, int>>> still_open;
  for (const TraceDescriptor& descriptor : trace.descriptors) {
    if (descriptor.site() == 0) continue;
    EXPECT_TRUE(still_open[descriptor.site()].insert({kernel.pids().at(descriptor.process()), descriptor.fd()}).second);
  }
  std::set<Code> met;
  for (const TraceSite& site : trace.sites) {
    const Code code = CodeOf(trace, site.stack(), site.function());
    SCOPED_TRACE(testing::Message() << code.function << " at " << code.address);
    EXPECT_TRUE(met.insert(code).second) << "one site for one place";
    const SiteCount& expected = naive[code];
    EXPECT_EQ(site.opened(), expected.opened);
    EXPECT_EQ(site.closed(), expected.closed);
    EXPECT_EQ(site.closed_unseen(), expected.closed_unseen);
    EXPECT_EQ(site.still_open(), expected.still_open.size());
    EXPECT_EQ(site.opened(), site.closed() + site.still_open());
    EXPECT_EQ(still_open[site.index()], expected.still_open);
    std::map<Code, uint64_t> closers;
    for (const TraceClosedAt& at : site.closed_at()) closers[CodeOf(trace, at.stack(), at.function())] += at.count();
    EXPECT_EQ(closers, expected.closers);
    uint64_t lifetimes = 0;
    for (const uint64_t count : site.lifetimes()) lifetimes += count;
    EXPECT_EQ(lifetimes, site.closed() - site.closed_unseen());
    EXPECT_LE(site.first_opened_ns(), site.last_opened_ns());
    EXPECT_LE(site.last_opened_ns(), site.last_active_ns());
    EXPECT_LE(site.last_active_ns(), kernel.now() + 1);
    if (in_order) CheckShape(site, expected.history);
  }
  uint64_t sites = 0;
  for (const auto& [code, site] : naive) sites += site.opened != 0;
  EXPECT_EQ(met.size(), sites);
}

void CheckTotals(const KeptTrace& trace, const NaiveKernel& kernel, bool in_order) {
  EXPECT_EQ(trace.end.opened(), kernel.fates().size());
  uint64_t still_open = 0, unseen = 0, opened = 0, opened_unseen = 0;
  for (const TraceSite& site : trace.sites) still_open += site.still_open();
  for (const TraceProcess& process : trace.processes) {
    opened += process.opened();
    unseen += process.closed_unseen();
    opened_unseen += process.opened_unseen();
  }
  EXPECT_EQ(trace.end.still_open(), still_open);
  EXPECT_EQ(trace.end.opened(), opened);
  EXPECT_EQ(trace.end.closed_unseen(), unseen);
  EXPECT_EQ(trace.end.opened_unseen(), opened_unseen);
  if (in_order) {
    EXPECT_EQ(trace.end.closed_unseen(), kernel.closed_unseen());
    EXPECT_EQ(trace.end.opened_unseen(), kernel.opened_unseen());
    EXPECT_EQ(trace.end.complete(), kernel.untraced_programs() == 0);
  }
  EXPECT_EQ(trace.end.events_lost(), 0u) << testing::PrintToString(
      std::vector<std::string>(trace.end.notes().begin(), trace.end.notes().end()));
}

void CheckInherited(const KeptTrace& trace, const NaiveKernel& kernel) {
  std::set<std::pair<Code, std::string>> met;
  for (const TraceInherited& inherited : trace.inherited) {
    SCOPED_TRACE(inherited.ShortDebugString());
    Code code;
    if (inherited.site() != 0) {
      const TraceSite& site = trace.sites.at(inherited.site() - 1);
      code = CodeOf(trace, site.stack(), site.function());
    }
    EXPECT_TRUE(met.insert({code, inherited.executable()}).second) << "one row for one place and program";
    const auto expected = kernel.inherited().find({code, inherited.executable()});
    ASSERT_NE(expected, kernel.inherited().end());
    EXPECT_EQ(inherited.count(), expected->second.count);
    EXPECT_EQ(std::set<int>(inherited.fds().begin(), inherited.fds().end()), expected->second.fds);
    EXPECT_EQ(inherited.process(), expected->second.process);
    EXPECT_EQ(inherited.opener_pid(), expected->second.opener_pid);
  }
  EXPECT_EQ(met.size(), kernel.inherited().size());
}

void RunAndCheck(uint32_t seed, int steps, bool in_order, bool passes_by) {
  NaiveKernel kernel(seed, in_order, passes_by);
  kernel.Run(steps);
  KeptTrace trace;
  ASSERT_TRUE(
      kernel.model().Write({.duration_ns = kernel.now(), .exit_status = 0, .signal = 0, .notes = {}}, trace).ok());
  CheckSites(trace, kernel, in_order);
  CheckTotals(trace, kernel, in_order);
  CheckInherited(trace, kernel);
}

TEST(ModelPropertyTest, WhateverTheOrderOfRingsEveryDescriptorIsCountedOnceAndRight) {
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RunAndCheck(seed, 300, /*in_order=*/false, /*passes_by=*/true);
    if (testing::Test::HasFailure()) return;  // one seed says enough
  }
}

TEST(ModelPropertyTest, InOrderEvenPeaksAndShapesAreThoseOfANaiveCount) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RunAndCheck(seed, seed % 100 == 0 ? 5000 : 300, /*in_order=*/true, /*passes_by=*/seed % 2 == 0);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace fdtrace::naive
