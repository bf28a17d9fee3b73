// A process that exits is looked at where there is anything to see, and does not wait where there is not: the report is
// the same. What the tests' programs have as 0 to 2 are files, which are always looked at; here they are pipes as well.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

#include "tests/traced.h"

namespace fdtrace {
namespace {

enum class Given { kFiles, kPipes };

Report ReportOf(const std::string& how, Given given) {
  const TemporaryDirectory directory;
  const std::string report = directory.path() + "/report.json";
  const std::string redirected = given == Given::kPipes ? "sleep 0 | \"$@\" 2>&1 | cat" : "\"$@\"";
  const Ran ran = RunBare({"/bin/sh", "-c", "cd " + directory.path() + " && " + redirected, "sh", FdtraceBinary(), "-q",
                           "-r", report, "-o", directory.path() + "/t.fdt", "--", Program("given"), how});
  EXPECT_EQ(ran.status, 0) << ran.err;
  return ReadReport(report);
}

class Exits : public ::testing::TestWithParam<Given> {};
INSTANTIATE_TEST_SUITE_P(OfThoseGiven, Exits, ::testing::Values(Given::kFiles, Given::kPipes),
                         [](const auto& given) { return given.param == Given::kFiles ? "Files" : "Pipes"; });

void ExpectCorrections(const Report& report, uint32_t opened_unseen, uint32_t closed_unseen) {
  EXPECT_EQ(report.recording().corrections().opened_unseen(), opened_unseen) << Describe(report);
  EXPECT_EQ(report.recording().corrections().closed_unseen(), closed_unseen) << Describe(report);
  EXPECT_TRUE(report.recording().complete()) << Describe(report);
  ASSERT_EQ(report.processes_size(), 1) << Describe(report);
  EXPECT_EQ(report.processes(0).end(), Process::EXITED) << Describe(report);
}

TEST_P(Exits, WithWhatOneWasGivenLeaveNothingToCorrect) { ExpectCorrections(ReportOf("keeps", GetParam()), 0, 0); }

TEST_P(Exits, AfterACloseThatWasSeenLeaveNothingToCorrect) { ExpectCorrections(ReportOf("closes", GetParam()), 0, 0); }

TEST_P(Exits, AfterACloseThatNobodySawAreLookedAt) { ExpectCorrections(ReportOf("closes-unseen", GetParam()), 0, 1); }

TEST_P(Exits, WithADescriptorThatNobodySawOpenedAreLookedAt) {
  ExpectCorrections(ReportOf("opens-unseen", GetParam()), 1, 0);
}

TEST_P(Exits, WithAsManyAsWereGivenButOthersAreLookedAt) {
  ExpectCorrections(ReportOf("opens-one-for-another", GetParam()), 1, 1);
}

TEST_P(Exits, WithAFileInPlaceOfWhatWasGivenTellItsSize) {
  const Report report = ReportOf("replaces-unseen", GetParam());
  ASSERT_EQ(report.pinned_files_size(), 1) << DescribeFiles(report);
  EXPECT_EQ(report.pinned_files(0).bytes(), 1 << 20);
}

TEST_P(Exits, WithAMappedFileTellItsSize) {
  const Report report = ReportOf("maps", GetParam());
  ASSERT_EQ(report.pinned_files_size(), 1) << DescribeFiles(report);
  EXPECT_EQ(report.pinned_files(0).bytes(), 1 << 20);
}

TEST_P(Exits, WithALeakDescribeIt) {
  const Report report = ReportOf("leaks", GetParam());
  ASSERT_EQ(report.leaks_size(), 1) << Describe(report);
  ASSERT_EQ(report.leaks(0).descriptors_size(), 1);
  EXPECT_EQ(report.leaks(0).descriptors(0).path(), "/dev/null");
}

// Whether a child of the process has become a zombie: its parent, being stopped, does not bury it.
bool HasZombie(pid_t parent) {
  const std::string children = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
  std::ifstream list(children);
  for (std::string child; list >> child;) {
    std::ifstream stat("/proc/" + child + "/stat");
    std::string pid, name, state;
    stat >> pid >> name >> state;
    if (state == "Z") return true;
  }
  return false;
}

TEST(Exit, WithNothingToSeeDoesNotWaitForACollectorThatIsStopped) {
  const TemporaryDirectory directory;
  const std::string trace = directory.path() + "/t.fdt", given = Program("given"), fdtrace = FdtraceBinary();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    for (int fd = 0; fd <= 2; ++fd) dup2(ends[fd == 0 ? 0 : 1], fd);
    closefrom(3);
    execl(fdtrace.c_str(), "fdtrace", "-q", "-o", trace.c_str(), "--", given.c_str(), "stops-its-parent", nullptr);
    _exit(127);
  }
  // One that waits does so for ten seconds.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!HasZombie(pid) && std::chrono::steady_clock::now() < limit) usleep(1000);
  EXPECT_TRUE(HasZombie(pid));
  kill(pid, SIGCONT);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace fdtrace
