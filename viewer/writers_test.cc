#include "viewer/writers.h"

#include <gtest/gtest.h>

#include <string>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

void AddGrowth(TraceMaker& trace, uint32_t stack, const std::string& path, uint64_t bytes, uint64_t files) {
  TraceGrowth& growth = trace->growths.emplace_back();
  *growth.mutable_opened_at() = TraceMaker::PlaceAt(stack, "open");
  growth.set_path(path);
  growth.set_bytes(bytes);
  growth.set_files(files);
}

TEST(Writers, AddUpWhatLooksTheSameAndComeMostBytesFirst) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "log_line", "/src/log.c", 7);
  trace.AddSymbol(1, 0x18, "log_line", "/src/log.c", 7);
  trace.AddSymbol(1, 0x20, "save", "/src/save.c", 8);
  for (const uint64_t address : {0x10, 0x18, 0x20}) trace.AddStack({address});
  AddGrowth(trace, 3, "/var/out", 100, 1);
  AddGrowth(trace, 1, "/var/log/a", 60, 2);
  AddGrowth(trace, 2, "/var/log/b\n", 70, 1);
  const Report report = trace.Build();
  ASSERT_EQ(report.writers_size(), 2);
  const Writer& first = report.writers(0);
  EXPECT_EQ(first.path(), "/var/log/b\\x0a") << "of the record with the most";
  EXPECT_EQ(first.bytes(), 130);
  EXPECT_EQ(first.files(), 3u);
  EXPECT_EQ(first.call(), "open");
  EXPECT_EQ(first.stack(0).function(), "log_line");
  EXPECT_EQ(report.writers(1).path(), "/var/out");
}

TEST(Writers, KnowWhatHadNoNameAndWhatIsNotKnownWhole) {
  TraceMaker trace;
  trace.AddStack({0x10});
  trace.AddStack({0x20});
  AddGrowth(trace, 1, "", 100, 1);
  trace->growths.back().set_nameless(true);
  AddGrowth(trace, 2, "/var/out", 60, 1);
  AddGrowth(trace, 2, "/var/most", 70, 1);
  trace->growths[1].set_at_least(true);
  const Report report = trace.Build();
  ASSERT_EQ(report.writers_size(), 2);
  EXPECT_EQ(report.writers(0).path(), "/var/most");
  EXPECT_TRUE(report.writers(0).at_least());
  EXPECT_FALSE(report.writers(0).nameless());
  EXPECT_TRUE(report.writers(1).nameless());
  EXPECT_FALSE(report.writers(1).at_least());
}

}  // namespace
}  // namespace fdtrace
