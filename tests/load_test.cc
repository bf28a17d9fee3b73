// Much of everything, for seconds: nothing is lost, and the memory of fdtrace stays bounded. scripts/load does the same
// for minutes.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/traced.h"

namespace fdtrace {
namespace {

struct Told {
  long opened = 0;
  long kept = 0;
};

// What programs/load.c says of itself must be what the report says.
Traced ExpectExact(const std::vector<std::string>& arguments, int64_t most_memory_bytes) {
  std::vector<std::string> command = {Program("load")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Traced traced = Trace(command, {}, "", 120);
  Told told;
  EXPECT_EQ(sscanf(traced.ran.out.c_str(), "opened %ld kept %ld", &told.opened, &told.kept), 2) << traced.ran.out;
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.ran.err, "");
  EXPECT_EQ(traced.report.recording().opened(), told.opened) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().still_open(), told.kept) << Describe(traced.report);
  EXPECT_EQ(traced.report.recording().events_lost(), 0) << Describe(traced.report);
  EXPECT_LT(traced.ran.peak_memory_bytes, most_memory_bytes);
  return traced;
}

TEST(Load, AsManyEventsAsTwoThreadsCanMake) { ExpectExact({"rate", "2", "3"}, int64_t{128} << 20); }

TEST(Load, ManyDescriptorsAtOnceInManyProcesses) { ExpectExact({"at_once", "20", "1000"}, int64_t{256} << 20); }

TEST(Load, PathsAsLongAsTheKernelTakesThem) {
  const Traced traced = ExpectExact({"long_paths", "500"}, int64_t{128} << 20);
  const LeakSite leak = LeakIn(traced.report, "open_long");
  ASSERT_EQ(leak.descriptors_size(), 1) << Describe(traced.report);
  EXPECT_NE(leak.descriptors(0).path().find("its beginning"), std::string::npos) << leak.descriptors(0).path();
}

}  // namespace
}  // namespace fdtrace
