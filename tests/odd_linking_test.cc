// Programs whose calls do not reach us, or reach us by another way: functions of their own with libc's names, libraries
// that look elsewhere first. What we do not see, the kernel shows.
#include <gtest/gtest.h>

#include <string>

#include "tests/traced.h"

namespace fdtrace {
namespace {

const Corrections& CorrectionsOf(const Report& report) { return report.recording().corrections(); }

Traced TraceOwnSymbols(const std::string& way) {
  Traced traced = TraceAsBare({Program("own_symbols_by_" + way)}, 0);
  EXPECT_EQ(traced.ran.out, "3 4, own 11 21, EBADF\n");
  EXPECT_EQ(traced.report.recording().still_open(), 2u) << Describe(traced.report);
  EXPECT_EQ(StillOpenIn(traced.report, "leak_by_dup"), 1u) << Describe(traced.report);
  return traced;
}

TEST(OwnSymbols, ThatUseSyscallAreSeenThroughThat) {
  const Report report = TraceOwnSymbols("syscall").report;
  EXPECT_EQ(report.recording().opened(), 22u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).opened_unseen() + CorrectionsOf(report).closed_unseen(), 0u) << Describe(report);
}

TEST(OwnSymbols, ThatCallTheNextDefinitionCallOurs) {
  const Report report = TraceOwnSymbols("next").report;
  EXPECT_EQ(report.recording().opened(), 22u) << Describe(report);
  EXPECT_EQ(StillOpenIn(report, "open"), 1u) << Describe(report);
  EXPECT_EQ(CorrectionsOf(report).opened_unseen() + CorrectionsOf(report).closed_unseen(), 0u) << Describe(report);
}

#if defined(__x86_64__)
TEST(OwnSymbols, ThatPassEveryLibraryAreToldAsClosedUnseen) {
  const Report report = TraceOwnSymbols("instruction").report;
  EXPECT_EQ(report.recording().opened(), 11u) << Describe(report);  // by dup alone
  EXPECT_EQ(CorrectionsOf(report).closed_unseen(), 9u) << Describe(report);
  EXPECT_FALSE(report.recording().notes().empty()) << Describe(report);
}
#endif

// What it opens first is the program's own, and always seen.
Report TraceLoad(const std::string& how) {
  const Traced traced = TraceAsBare({Program("odd_loads"), how, Program("libodd_library.so")}, 0);
  EXPECT_EQ(traced.ran.out, "3 4\n");
  EXPECT_EQ(StillOpenIn(traced.report, "leak_in_program"), 1u) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
  EXPECT_TRUE(traced.report.recording().complete()) << Describe(traced.report);
  return traced.report;
}

TEST(OddLoads, WithoutOddityBothAreSeen) {
  const Report report = TraceLoad("global");
  EXPECT_EQ(StillOpenIn(report, "leak_in_library"), 1u) << Describe(report);
  EXPECT_EQ(report.recording().opened(), 4u) << Describe(report);
}

TEST(OddLoads, WhereALibraryFindsLibcBeforeUsWhatItLeavesOpenIsToldWithoutItsOrigin) {
  for (const char* how : {"deepbind", "namespace"}) {
    SCOPED_TRACE(how);
    const Report report = TraceLoad(how);
    EXPECT_EQ(report.recording().opened(), 2u) << Describe(report);
    EXPECT_EQ(CorrectionsOf(report).opened_unseen(), 1u) << Describe(report);
    EXPECT_EQ(CorrectionsOf(report).closed_unseen(), 0u) << Describe(report);
    EXPECT_NE(Describe(report).find("whose origin was not seen: fd 4 /dev/zero"), std::string::npos)
        << Describe(report);
  }
}

}  // namespace
}  // namespace fdtrace
