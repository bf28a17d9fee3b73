#include "viewer/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proto/trace_file.h"

namespace fdtrace {
namespace {

using testing::HasSubstr;

std::string PathFor(const std::string& name) { return testing::TempDir() + "fdtrace_trace_test_" + name; }

// A trace of one record of each kind, a block each.
void WriteTrace(const std::string& path) {
  auto writer = TraceWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  const auto append = [&](auto set) {
    TraceRecord record;
    set(record);
    ASSERT_TRUE((*writer)->Append(record).ok());
    ASSERT_TRUE((*writer)->Flush().ok());
  };
  append([](TraceRecord& record) { record.mutable_start()->set_root_pid(7); });
  append([](TraceRecord& record) { record.mutable_process()->set_pid(7); });
  append([](TraceRecord& record) { record.mutable_module()->set_index(1); });
  append([](TraceRecord& record) { record.mutable_stack()->set_index(1); });
  append([](TraceRecord& record) { record.mutable_site()->set_index(1); });
  append([](TraceRecord& record) { record.mutable_open_descriptor()->set_fd(3); });
  append([](TraceRecord& record) { record.mutable_timeline()->set_window_ns(5); });
  append([](TraceRecord& record) { record.mutable_inherited()->set_count(4); });
  append([](TraceRecord& record) { record.mutable_pinned()->set_bytes(6); });
  append([](TraceRecord& record) { record.mutable_leftover()->set_files(7); });
  append([](TraceRecord& record) { record.mutable_growth()->set_bytes(8); });
  append([](TraceRecord& record) { record.mutable_filesystem()->set_device(10); });
  append([](TraceRecord&) {});  // a kind from the future
  append([](TraceRecord& record) { record.mutable_end()->set_duration_ns(9); });
  append([](TraceRecord& record) { record.mutable_symbol()->set_module(1); });
  ASSERT_TRUE((*writer)->Close().ok());
}

TEST(ReadTrace, SortsRecordsByKind) {
  const std::string path = PathFor("whole");
  WriteTrace(path);
  const absl::StatusOr<Trace> trace = ReadTrace(path);
  ASSERT_TRUE(trace.ok()) << trace.status();
  ASSERT_TRUE(trace->start.has_value());
  EXPECT_EQ(trace->start->root_pid(), 7u);
  EXPECT_EQ(trace->processes.size(), 1u);
  EXPECT_EQ(trace->modules.size(), 1u);
  EXPECT_EQ(trace->stacks.size(), 1u);
  EXPECT_EQ(trace->sites.size(), 1u);
  EXPECT_EQ(trace->descriptors.size(), 1u);
  EXPECT_EQ(trace->symbols.size(), 1u);
  ASSERT_EQ(trace->inherited.size(), 1u);
  EXPECT_EQ(trace->inherited[0].count(), 4u);
  ASSERT_EQ(trace->pinned.size(), 1u);
  EXPECT_EQ(trace->pinned[0].bytes(), 6u);
  ASSERT_EQ(trace->leftovers.size(), 1u);
  EXPECT_EQ(trace->leftovers[0].files(), 7u);
  ASSERT_EQ(trace->growths.size(), 1u);
  EXPECT_EQ(trace->growths[0].bytes(), 8u);
  ASSERT_EQ(trace->filesystems.size(), 1u);
  EXPECT_EQ(trace->filesystems[0].device(), 10u);
  EXPECT_EQ(trace->timeline->window_ns(), 5u);
  ASSERT_TRUE(trace->end.has_value());
  EXPECT_EQ(trace->end->duration_ns(), 9u);
  EXPECT_EQ(trace->damage, "");
}

TEST(ReadTrace, GivesWhatComesBeforeTheEndOfATornFile) {
  const std::string path = PathFor("torn");
  WriteTrace(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const absl::StatusOr<Trace> trace = ReadTrace(path);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_TRUE(trace->start.has_value());
  EXPECT_FALSE(trace->end.has_value());
  EXPECT_THAT(trace->damage, HasSubstr("byte"));
}

TEST(ReadTrace, NamesThePathThatIsNoTrace) {
  const std::string path = PathFor("text");
  std::ofstream(path) << "hello, I am no trace\n";
  EXPECT_THAT(std::string(ReadTrace(path).status().message()), HasSubstr(path));
  EXPECT_THAT(std::string(ReadTrace("/no/such/trace").status().message()), HasSubstr("/no/such/trace"));
}

}  // namespace
}  // namespace fdtrace
