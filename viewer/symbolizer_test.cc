// From a trace with addresses of fixture/symbolized.cc to a report with its functions.
#include "viewer/symbolizer.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdint>
#include <string>

#include "proto/trace_file.h"
#include "viewer/fixture/symbolized.h"
#include "viewer/report_builder.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string FixtureFile() {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&fixture::Outer), &info);
  return info.dli_fname;
}

uint64_t InFile(void* address) {
  Dl_info info;
  link_map* map = nullptr;
  dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  return reinterpret_cast<uint64_t>(address) - map->l_addr;
}

// A trace of one site whose stack has the given addresses of the fixture and one in no module.
Trace TraceOf(std::initializer_list<uint64_t> addresses, const std::string& build_id) {
  Trace trace;
  trace.start.emplace();
  TraceModule& module = trace.modules.emplace_back();
  module.set_index(1);
  module.set_path(FixtureFile());
  module.set_build_id(build_id);
  TraceStack stack;
  stack.set_index(1);
  for (uint64_t address : addresses) {
    TraceFrame& frame = *stack.add_frames();
    frame.set_module(1);
    frame.set_address(address);
  }
  stack.add_frames()->set_address(0x7000);
  trace.stacks.emplace_back(stack);
  TraceSite& site = trace.sites.emplace_back();
  site.set_index(1);
  site.set_stack(1);
  site.set_function("open");
  site.set_opened(1);
  site.set_still_open(1);
  trace.end.emplace();
  trace.end->set_still_open(1);
  trace.end->set_duration_ns(1);
  trace.end->set_complete(true);
  return trace;
}

const std::string kBuildId = "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf\xb0\xb1\xb2\xb3";

// Writes the trace as the collector would.
std::string Written(const Trace& trace, const std::string& name) {
  std::string path = testing::TempDir() + "fdtrace_symbolizer_" + name + ".fdt";
  auto writer = TraceWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  const auto append = [&](auto set) {
    TraceRecord record;
    set(record);
    EXPECT_TRUE((*writer)->Append(record).ok());
  };
  append([&](TraceRecord& record) { *record.mutable_start() = *trace.start; });
  append([&](TraceRecord& record) { *record.mutable_module() = trace.modules[0]; });
  append([&](TraceRecord& record) {
    record.mutable_stack()->set_index(trace.stacks[0].index);
    for (const StoredStack::Code& code : trace.stacks[0].frames) {
      TraceFrame& frame = *record.mutable_stack()->add_frames();
      frame.set_module(code.module);
      frame.set_address(code.address);
    }
  });
  append([&](TraceRecord& record) { *record.mutable_site() = trace.sites[0]; });
  append([&](TraceRecord& record) { *record.mutable_end() = *trace.end; });
  EXPECT_TRUE((*writer)->Close().ok());
  return path;
}

TEST(AddSymbols, MakesATraceCompleteInItself) {
  const std::string path = Written(TraceOf({InFile(fixture::Outer(1))}, kBuildId), "complete");
  size_t done = 0;
  size_t total = 0;
  const absl::Status added = AddSymbols(path, [&](size_t done_now, size_t total_now) {
    EXPECT_LE(done, done_now);
    done = done_now;
    total = total_now;
  });
  ASSERT_TRUE(added.ok()) << added;
  EXPECT_EQ(done, 1u);
  EXPECT_EQ(total, 1u);

  const absl::StatusOr<Trace> trace = ReadTrace(path);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->damage, "");
  EXPECT_TRUE(trace->end.has_value());
  const Report report = BuildReport(*trace);
  ASSERT_EQ(report.leaks_size(), 1);
  std::vector<std::string> functions;
  for (const Frame& frame : report.leaks(0).stack()) functions.push_back(frame.function());
  EXPECT_THAT(functions, ElementsAre("fixture::(anonymous namespace)::Innermost",
                                     "fixture::(anonymous namespace)::Middle::Call", "fixture::Outer(int)", ""));
  EXPECT_EQ(report.leaks(0).stack(3).module(), "");
  EXPECT_EQ(report.leaks(0).stack(3).address(), 0x7000u);
  EXPECT_TRUE(report.recording().complete());
}

TEST(AddSymbols, AddsNothingTheSecondTime) {
  const std::string path = Written(TraceOf({InFile(fixture::Outer(1))}, kBuildId), "twice");
  ASSERT_TRUE(AddSymbols(path).ok());
  const size_t once = ReadTrace(path)->symbols.size();
  ASSERT_TRUE(AddSymbols(path).ok());
  EXPECT_EQ(once, 1u);
  EXPECT_EQ(ReadTrace(path)->symbols.size(), once);
}

TEST(AddSymbols, SaysOfAChangedFileThatItHasChanged) {
  const std::string path = Written(TraceOf({InFile(fixture::Outer(1))}, "another"), "changed");
  ASSERT_TRUE(AddSymbols(path).ok());
  const Report report = BuildReport(*ReadTrace(path));
  EXPECT_EQ(report.leaks(0).stack(0).function(), "");
  EXPECT_THAT(report.recording().notes(), ElementsAre(HasSubstr("the file has changed since it was traced")));
}

TEST(AddSymbols, NamesTheTraceThatItCannotRead) {
  EXPECT_THAT(std::string(AddSymbols("/no/such/trace").message()), HasSubstr("/no/such/trace"));
}

TEST(LookUpSymbols, LooksBeforeTheReturnAddress) {
  const uint64_t outer = InFile(reinterpret_cast<void*>(&fixture::Outer));
  const auto outermost = [](const std::vector<TraceSymbol>& symbols) {
    if (symbols.empty()) return std::string("nothing");
    return symbols[0].places(symbols[0].places_size() - 1).function();
  };
  EXPECT_EQ(outermost(LookUpSymbols(TraceOf({outer + 1}, kBuildId))), "fixture::Outer(int)");
  EXPECT_NE(outermost(LookUpSymbols(TraceOf({outer}, kBuildId))), "fixture::Outer(int)");
}

TEST(LookUpSymbols, LooksUpWhereSiblingsAreClosed) {
  Trace trace = TraceOf({InFile(fixture::Outer(1))}, kBuildId);
  trace.stacks.push_back(trace.stacks[0]);
  trace.stacks[1].index = 2;
  trace.stacks[1].frames[0].address = InFile(fixture::ThroughStatic());
  EXPECT_EQ(LookUpSymbols(trace).size(), 1u) << "no site uses the second stack yet";
  trace.sites[0].add_closed_at()->set_stack(2);
  EXPECT_EQ(LookUpSymbols(trace).size(), 2u);
}

TEST(LookUpSymbols, LooksUpEveryPlaceOfFilesAndOfWrongCloses) {
  const auto with = [](auto add) {
    Trace trace = TraceOf({InFile(fixture::Outer(1))}, kBuildId);
    trace.sites.clear();
    add(trace);
    return LookUpSymbols(trace).size();
  };
  const auto none = [](Trace&) {};
  EXPECT_EQ(with(none), 0u);
  EXPECT_EQ(with([](Trace& trace) { trace.pinned.emplace_back().add_opened_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.pinned.emplace_back().mutable_removed_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.leftovers.emplace_back().add_created_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.growths.emplace_back().mutable_opened_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.filesystems.emplace_back().add_peak_opened_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.bad_closes.emplace_back().mutable_at()->set_stack(1); }), 1u);
  EXPECT_EQ(with([](Trace& trace) { trace.bad_closes.emplace_back().mutable_previously_closed_at()->set_stack(1); }),
            1u);
  EXPECT_EQ(with([](Trace& trace) { trace.bad_closes.emplace_back().mutable_originally_opened_at()->set_stack(1); }),
            1u);
}

}  // namespace
}  // namespace fdtrace
