#include "viewer/process_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;

class ProcessTreeTest : public testing::Test {
 protected:
  Process& Add(uint32_t pid, uint32_t parent_pid, const std::string& program, int64_t started_ns) {
    Process& process = *report_.add_processes();
    process.set_pid(pid);
    process.set_parent_pid(parent_pid);
    process.set_executable("/usr/bin/" + program);
    process.set_started_ns(started_ns);
    process.set_opened(10);
    process.set_open_at_exit(3);
    process.set_end(Process::EXITED);
    return process;
  }

  void AddLeakOf(uint32_t pid) { report_.add_leaks()->add_descriptors()->set_pid(pid); }

  // "  gcc 12" with two spaces for each level, "gcc ×3" for three.
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const ProcessRow& row : ProcessTree(report_)) {
      rows.push_back(absl::StrCat(std::string(size_t{2} * row.depth, ' '), ProgramName(*row.process), " ",
                                  row.count > 1 ? absl::StrCat("×", row.count) : absl::StrCat(row.process->pid())));
    }
    return rows;
  }

  uint64_t ProcessesInRows() const {
    uint64_t processes = 0;
    for (const ProcessRow& row : ProcessTree(report_)) processes += row.count;
    return processes;
  }

  Report report_;
};

TEST_F(ProcessTreeTest, PutsChildrenBeneathTheirParentsByWhenTheyStarted) {
  Add(10, 1, "make", 0);
  Add(13, 10, "ld", 9);
  Add(11, 10, "gcc", 1);
  Add(12, 11, "cc1", 2);
  EXPECT_THAT(Rows(), ElementsAre("make 10", "  gcc 11", "    cc1 12", "  ld 13"));
  const std::vector<ProcessRow> rows = ProcessTree(report_);
  EXPECT_FALSE(rows[1].last);
  EXPECT_TRUE(rows[2].last);
  EXPECT_TRUE(rows[3].last);
}

TEST_F(ProcessTreeTest, FoldsSiblingsThatAreAlikeAndTheirChildren) {
  Add(10, 1, "make", 0);
  for (uint32_t pid = 100; pid < 160; pid += 2) {
    Add(pid, 10, "gcc", pid);
    Add(pid + 1, pid, "cc1", pid + 1);
  }
  Add(99, 10, "ld", 500);
  EXPECT_THAT(Rows(), ElementsAre("make 10", "  gcc ×30", "    cc1 ×30", "  ld 99"));
  EXPECT_EQ(ProcessTree(report_)[1].opened, 300u);
  EXPECT_EQ(ProcessTree(report_)[1].open_at_exit, 90u);
}

TEST_F(ProcessTreeTest, KeepsWhatIsOfInterestApartWithItsAncestors) {
  Add(10, 1, "make", 0);
  for (uint32_t pid = 11; pid < 20; ++pid) Add(pid, 10, "sh", pid);
  Add(30, 12, "worker", 30);
  Add(31, 13, "worker", 31);
  AddLeakOf(30);
  report_.mutable_processes(5)->set_end(Process::VANISHED);           // 15
  report_.mutable_processes(6)->set_untraced_reason("it is static");  // 16
  EXPECT_THAT(Rows(),
              ElementsAre("make 10", "  sh ×6", "    worker 31", "  sh 12", "    worker 30", "  sh 15", "  sh 16"));
}

TEST_F(ProcessTreeTest, FoldsWhatIsOfInterestWhereThereAreManyAlike) {
  Add(10, 1, "make", 0);
  for (uint32_t pid = 11; pid < 100; ++pid) Add(pid, 10, "busybox", pid).set_untraced_reason("it is static");
  EXPECT_THAT(Rows(), ElementsAre("make 10", "  busybox ×89"));
}

TEST_F(ProcessTreeTest, PutsAChildBeneathTheProcessThatHadTheNumberThen) {
  Add(10, 1, "make", 0);
  Add(11, 10, "first", 1).set_ended_ns(2);
  Add(11, 10, "second", 5);
  Add(12, 11, "child", 6);
  Add(20, 21, "grandchild", 7);  // its parent said hello later
  Add(21, 10, "late", 8);
  EXPECT_THAT(Rows(),
              ElementsAre("make 10", "  first 11", "  second 11", "    child 12", "  late 21", "    grandchild 20"));
}

TEST_F(ProcessTreeTest, ShowsEveryProcessOfADamagedTraceOnce) {
  Add(10, 30, "itself", 0);
  Add(11, 11, "its own parent", 1);
  Add(12, 13, "in", 2);
  Add(13, 14, "a", 3);
  Add(14, 12, "circle", 4);
  Add(15, 999, "orphan", 5);
  Add(0, 0, "nobody", 6);
  EXPECT_EQ(ProcessesInRows(), 7u);
  EXPECT_EQ(ProcessTree(Report()).size(), 0u);
}

// A hundred thousand shall keep nobody waiting, and however deep they lie, the stack holds.
TEST_F(ProcessTreeTest, IsQuickWhateverTheShape) {
  const auto began = std::chrono::steady_clock::now();
  Add(1, 0, "make", 0);
  for (uint32_t pid = 2; pid < 100'000; ++pid) Add(pid, pid % 3 == 0 ? pid - 1 : 1, absl::StrCat("p", pid % 7), pid);
  EXPECT_EQ(ProcessesInRows(), 99'999u);
  report_.Clear();
  for (uint32_t pid = 1; pid < 100'000; ++pid) Add(pid, pid - 1, "nested", pid).set_end(Process::VANISHED);
  EXPECT_EQ(ProcessesInRows(), 99'999u);
  EXPECT_EQ(ProcessTree(report_).back().depth, 99'998);
  report_.Clear();
  for (uint32_t pid = 0; pid < 100'000; ++pid) Add(7, 7, "one number", pid);
  EXPECT_EQ(ProcessesInRows(), 100'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace fdtrace
