#include "viewer/process_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "viewer/table.h"
#include "viewer/text.h"

namespace fdtrace {
namespace {

using testing::HasSubstr;
using testing::Not;

Process& AddProcess(Report& report, uint32_t pid, uint32_t parent_pid, const std::string& executable,
                    std::initializer_list<const char*> command) {
  Process& process = *report.add_processes();
  process.set_pid(pid);
  process.set_parent_pid(parent_pid);
  process.set_executable(executable);
  for (const char* word : command) process.add_command_line(word);
  process.set_started_ns(pid);
  process.set_opened(4);
  process.set_open_at_exit(3);
  process.set_end(Process::EXITED);
  return process;
}

Report Build() {
  Report report;
  AddProcess(report, 100, 1, "/usr/bin/make", {"/usr/bin/make", "-j4"}).set_opened(1234);
  AddProcess(report, 101, 100, "/usr/bin/dash", {"sh", "-c", "./gen >a.c"}).set_end(Process::VANISHED);
  Process& generator = AddProcess(report, 102, 101, "/src/gen", {"./gen"});
  generator.set_untraced_reason("it is statically linked");
  generator.set_end(Process::UNTRACED);
  for (uint32_t pid = 110; pid < 1110; ++pid) AddProcess(report, pid, 100, "/usr/bin/gcc", {"gcc", "-c"});
  AddProcess(report, 2000, 100, "/usr/bin/daemon", {"-daemon"}).set_end(Process::ALIVE);
  return report;
}

TEST(ProcessText, DrawsTheTree) {
  EXPECT_EQ(absl::StrJoin(ProcessTreeLines(Build()), "\n"), R"text(   pid  opened  open at end  program
   100   1,234            3  make -j4
   101       4            3  ├─ dash: sh -c ./gen >a.c  (ended without notice)
   102       4            3  │  └─ gen  (could not be followed: it is statically linked)
         4,000        3,000  ├─ gcc ×1,000
  2000       4            3  └─ daemon  (still running when recording ended))text");
}

TEST(ProcessText, TellsInShortWhichThereWere) {
  EXPECT_EQ(ProcessesInShort(Build()), "1,004 processes: make, gcc ×1,000, dash, gen, daemon");
  Report report = Build();
  AddProcess(report, 3000, 1, "/bin/sixth", {});
  EXPECT_EQ(ProcessesInShort(report), "1,005 processes: make, gcc ×1,000, dash, gen, daemon, …");
}

TEST(ProcessText, ShowsNoNumbersOfAProcessThatNeverSaidHello) {
  Report report;
  AddProcess(report, 100, 1, "", {"./a.out", "x"}).set_end(Process::END_UNKNOWN);
  EXPECT_THAT(ProcessTreeLines(report).back(), HasSubstr("100       -            -  a.out x"));
}

TEST(ProcessText, CutsCommandsAndDepth) {
  Report report;
  const std::string long_word(5000, 'x');
  for (uint32_t pid = 1; pid <= 300; ++pid) AddProcess(report, pid, pid - 1, "/bin/sh", {"sh", long_word.c_str()});
  for (const std::string& line : ProcessTreeLines(report)) EXPECT_LE(Width(line), 110u) << line;
}

TEST(ProcessText, IsInTheFullReportATreeAndInTheSummaryALine) {
  Report report = Build();
  const std::string summary = RenderText(report, {});
  EXPECT_THAT(summary, HasSubstr("\n1,004 processes: make, gcc ×1,000"));
  EXPECT_THAT(summary, Not(HasSubstr("PROCESSES")));
  EXPECT_THAT(RenderText(report, {.full = true}), HasSubstr("\nPROCESSES   1,004\n   pid  opened"));
  report.mutable_processes()->DeleteSubrange(1, report.processes_size() - 1);
  EXPECT_THAT(RenderText(report, {}), Not(HasSubstr("1 process")));
  EXPECT_THAT(RenderText(report, {.full = true}), Not(HasSubstr("PROCESSES")));
}

}  // namespace
}  // namespace fdtrace
