#include "viewer/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace fdtrace {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kSecond = 1'000'000'000;

// +1 for an open, -1 for a close.
using Operations = std::vector<int>;

// A site as the collector would fold it: windows of 1, 2, 4, … operations, never more than 64 of them.
TraceSite SiteOf(const Operations& operations, uint64_t active_ns, uint64_t quiet_ns) {
  constexpr size_t kWindows = 64;
  TraceSite site;
  uint32_t open = 0;
  std::vector<uint32_t> counts;
  for (int operation : operations) {
    open += operation;
    counts.push_back(open);
    site.set_opened(site.opened() + (operation > 0));
    site.set_closed(site.closed() + (operation < 0));
  }
  size_t per_window = 1;
  while (counts.size() > kWindows * per_window) per_window *= 2;
  for (size_t begin = 0; begin < counts.size(); begin += per_window) {
    const std::span<const uint32_t> rest = std::span(counts).subspan(begin);
    const auto window = rest.first(std::min(per_window, rest.size()));
    site.mutable_shape()->add_low(*std::min_element(window.begin(), window.end()));
    site.mutable_shape()->add_high(*std::max_element(window.begin(), window.end()));
  }
  site.mutable_shape()->set_operations_per_window(per_window);
  site.set_still_open(open);
  site.set_first_opened_ns(5 * kMillisecond);
  site.set_last_active_ns(site.first_opened_ns() + active_ns);
  site.set_ended_ns(site.last_active_ns() + quiet_ns);
  return site;
}

Operations Repeated(int times, const Operations& once) {
  Operations all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), once.begin(), once.end());
  return all;
}

Operations Then(Operations first, const Operations& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Operations Opens(int count) { return Operations(count, 1); }
Operations Closes(int count) { return Operations(count, -1); }

std::string VerdictName(const TraceSite& site) { return LeakSite::Verdict_Name(VerdictOf(site)); }

TEST(Verdict, IsNoneWhenEverythingIsClosed) {
  EXPECT_EQ(VerdictName(SiteOf(Repeated(100, {1, -1}), kSecond, 0)), "VERDICT_UNKNOWN");
}

TEST(Verdict, IsSingleForOneHoweverItCameAbout) {
  EXPECT_EQ(VerdictName(SiteOf(Opens(1), 0, kSecond)), "SINGLE");
  EXPECT_EQ(VerdictName(SiteOf(Then(Repeated(100, {1, -1}), Opens(1)), kSecond, 0)), "SINGLE");
}

TEST(Verdict, IsHeldForABurstAtTheStart) {
  EXPECT_EQ(VerdictName(SiteOf(Opens(100), 5 * kMillisecond, 10 * kSecond)), "HELD");
  EXPECT_EQ(VerdictName(SiteOf(Opens(8), 1 * kMillisecond, 101 * kMillisecond)), "HELD");
}

TEST(Verdict, IsHeldForAPoolThatChurns) {
  EXPECT_EQ(VerdictName(SiteOf(Then(Opens(10), Repeated(1000, {-1, 1})), 10 * kSecond, kMillisecond)), "HELD");
  EXPECT_EQ(VerdictName(SiteOf(Then(Opens(2), Repeated(1000, {1, -1})), 10 * kSecond, kMillisecond)), "HELD");
}

TEST(Verdict, IsHeldForAPoolThatWasFilledSlowlyAndThenLongQuiet) {
  EXPECT_EQ(VerdictName(SiteOf(Opens(50), 2 * kSecond, 3 * kSecond)), "HELD");
  EXPECT_EQ(VerdictName(SiteOf(Repeated(50, {1, 1, -1}), 2 * kSecond, 3 * kSecond)), "HELD");
}

TEST(Verdict, IsGrowingForASteadyLeakAmongCloses) {
  EXPECT_EQ(VerdictName(SiteOf(Repeated(50, {1, 1, -1}), 100 * kMillisecond, kMillisecond)), "GROWING");
  EXPECT_EQ(VerdictName(SiteOf(Repeated(200, Then(Repeated(19, {1, -1}), Opens(1))), 10 * kSecond, 0)), "GROWING");
}

TEST(Verdict, IsGrowingHoweverLittleOfTheRunWasItsOwn) {
  // Busy for 20 ms, then 0.9 s in which only other sites were at work: it closes, so a second's patience.
  EXPECT_EQ(VerdictName(SiteOf(Repeated(50, {1, 1, -1}), 20 * kMillisecond, 900 * kMillisecond)), "GROWING");
}

TEST(Verdict, IsGrowingForASteadyLeakWithoutCloses) {
  EXPECT_EQ(VerdictName(SiteOf(Opens(200), 10 * kSecond, kSecond)), "GROWING");
  EXPECT_EQ(VerdictName(SiteOf(Opens(4), 1 * kMillisecond, 50 * kMillisecond)), "GROWING");
}

TEST(Verdict, IsHeldForTooFewOperationsToShowARise) {
  EXPECT_EQ(VerdictName(SiteOf(Opens(2), kMillisecond, 0)), "HELD");
  EXPECT_EQ(VerdictName(SiteOf(Opens(3), kMillisecond, 0)), "HELD");
}

TEST(Verdict, IsHeldForASawtoothThatComesBackToItsLevel) {
  const Operations tooth = Then(Opens(20), Closes(20));
  EXPECT_EQ(VerdictName(SiteOf(Then(Opens(2), Repeated(30, tooth)), 10 * kSecond, 0)), "HELD");
}

TEST(Verdict, IsGrowingForASawtoothOfWhichEachToothLeavesOne) {
  const Operations tooth = Then(Opens(20), Closes(19));
  for (int teeth : {8, 10, 30, 300}) {
    EXPECT_EQ(VerdictName(SiteOf(Repeated(teeth, tooth), 10 * kSecond, 0)), "GROWING") << teeth << " teeth";
  }
}

// Opens at a constant rate of which each stays open for a random time: what a server's connections look like. Of
// `leaked` per thousand the close is forgotten.
Operations Traffic(uint32_t seed, int operations, int level, int leaked_per_thousand) {
  std::mt19937 random(seed);
  const auto chance = [&](int of, int in) { return static_cast<int>(random() % static_cast<uint32_t>(in)) < of; };
  Operations all;
  int busy = 0;
  while (static_cast<int>(all.size()) < operations) {
    const bool opens = chance(level, level + busy);
    all.push_back(opens ? 1 : -1);
    busy += opens ? (chance(leaked_per_thousand, 1000) ? 0 : 1) : -1;
  }
  return all;
}

int GrowingOfHundred(int operations, int level, int leaked_per_thousand) {
  int growing = 0;
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    const Operations traffic = Traffic(seed, operations, level, leaked_per_thousand);
    growing += VerdictOf(SiteOf(traffic, 10 * kSecond, 0)) == LeakSite::GROWING;
  }
  return growing;
}

TEST(Verdict, IsHeldForRandomNoiseAroundALevel) {
  for (int level : {5, 20, 100}) {
    EXPECT_LE(GrowingOfHundred(20'000, level, 0), 3) << "around " << level;
  }
}

TEST(Verdict, FindsALeakUnderRandomNoise) {
  for (int level : {5, 20, 100}) {
    EXPECT_GE(GrowingOfHundred(20'000, level, 50), 97) << "around " << level;
  }
}

TEST(Verdict, OfSeveralSitesIsTheWorst) {
  EXPECT_EQ(Worse(LeakSite::HELD, LeakSite::GROWING), LeakSite::GROWING);
  EXPECT_EQ(Worse(LeakSite::SINGLE, LeakSite::HELD), LeakSite::HELD);
  EXPECT_EQ(Worse(LeakSite::VERDICT_UNKNOWN, LeakSite::SINGLE), LeakSite::SINGLE);
}

}  // namespace
}  // namespace fdtrace
