// Software that people really run: the same output and status as without fdtrace, and a report that adds up.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/traced.h"

namespace fdtrace {
namespace {

class RealPrograms : public ::testing::Test {
 protected:
  // Runs a shell line bare and traced in two fresh copies of the same surroundings; the outputs must not differ.
  Report Compare(const std::string& line) {
    const TemporaryDirectory one;
    const TemporaryDirectory other;
    const Ran bare = RunBare({"/bin/bash", "-c", "cd " + one.path() + " && " + line});
    const Traced traced = Trace({"/bin/bash", "-c", "cd " + other.path() + " && " + line});
    EXPECT_EQ(bare.status, 0) << line << "\n" << bare.err;
    EXPECT_EQ(traced.ran.status, bare.status) << line << "\n" << traced.ran.err;
    EXPECT_EQ(traced.ran.out, bare.out) << line;
    EXPECT_EQ(traced.ran.err, bare.err) << line;
    EXPECT_GT(traced.report.recording().events(), 0) << line;
    EXPECT_EQ(traced.report.recording().events_lost(), 0) << line;
    uint32_t still_open = 0;
    for (const LeakSite& leak : traced.report.leaks()) {
      EXPECT_EQ(leak.opened(), leak.closed() + leak.still_open());
      EXPECT_EQ(leak.still_open(), static_cast<uint32_t>(leak.descriptors_size()));
      still_open += leak.still_open();
    }
    EXPECT_EQ(traced.report.recording().still_open(), still_open);
    return traced.report;
  }

  // The same where every process can be followed, and none dies suddenly.
  Report CompareFollowed(const std::string& line) {
    const Report report = Compare(line);
    EXPECT_TRUE(report.recording().complete()) << line << "\n" << Describe(report);
    return report;
  }

  static bool Installed(const std::string& program) {
    return RunBare({"/bin/sh", "-c", "command -v " + program}).status == 0;
  }
};

int CountRunning(const Report& report, const std::string& executable) {
  int count = 0;
  for (const Process& process : report.processes()) count += process.executable().ends_with("/" + executable);
  return count;
}

TEST_F(RealPrograms, GitLogs) {
  Compare(
      "export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' "
      "GIT_COMMITTER_DATE='2020-01-01T00:00:00Z';"
      "git init -q . && git config user.name a && git config user.email a@example.com &&"
      "for i in 1 2 3 4 5; do echo $i > f$i; git add . && git commit -qm c$i; done; git log --stat --format=%H%s");
}
TEST_F(RealPrograms, TarPacksAndUnpacks) {
  Compare(
      "cp -r /usr/share/doc/tar d && tar czf d.tgz d && mkdir u && tar xzf d.tgz -C u && diff -r d u/d && ls -R u | "
      "sort");
}
TEST_F(RealPrograms, FindWalks) { Compare("find /usr/include -name '*.h' | sort | tail -n 100"); }
TEST_F(RealPrograms, GccCompilesAndLinks) {
  Compare("printf '#include <stdio.h>\\nint main(){puts(\"hi\");return 0;}' > a.c && gcc -O2 -g -o a a.c && ./a");
}
TEST_F(RealPrograms, PythonRunsATestSuite) {
  Compare("cp " + Program("test_standard_library.py") +
          " . && /usr/bin/python3 -m unittest -v test_standard_library 2>&1 | sed 's/in [0-9.]*s//'; exit "
          "${PIPESTATUS[0]}");
}
TEST_F(RealPrograms, MakeBuildsAProjectWithTwoJobs) {
  const Report report = CompareFollowed(
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo \"int f$i(void) { return $i; }\" > f$i.c; done;"
      "echo 'int f12(void); int main(void) { return f12() - 12; }' > main.c;"
      "printf 'O = $(patsubst %%.c,%%.o,$(wildcard *.c))\\nall: p\\n\\t./p\\np: $O\\n\\t$(CC) -o $@ $^\\n' > Makefile;"
      "make -s -j2 && ls *.o | wc -l");
  EXPECT_EQ(CountRunning(report, "cc1"), 13) << Describe(report);
  EXPECT_EQ(CountRunning(report, "make"), 1) << Describe(report);
}
TEST_F(RealPrograms, BashPassesDescriptorsOnInEveryWay) {
  CompareFollowed(
      "seq 100 | while read n; do echo $((n * 2)); done | tail -n 3; cat <<END | tr a-z A-Z\nhere $(echo in) "
      "here\nEND\n"
      "diff <(seq 3) <(seq 4); paste <(seq 2) <(seq 2 | tee >(cat >copy)); sleep 0.05; cat copy; read x < <(echo sub); "
      "echo $x; "
      "for i in 1 2 3; do (sleep 0.0$i; exit $i) & done; wait -n; wait; echo waited; sleep 0.01 & wait $!; "
      "coproc cat; echo to >&${COPROC[1]}; read y <&${COPROC[0]}; echo $y; exec {COPROC[1]}>&-; wait; true");
}
TEST_F(RealPrograms, GitClonesALocalRepository) {
  CompareFollowed(
      "export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' "
      "GIT_COMMITTER_DATE='2020-01-01T00:00:00Z';"
      "git init -q a && cd a && git config user.name a && git config user.email a@example.com && seq 1000 > f &&"
      "git add . && git commit -qm c && cd .. && git clone -q a b && git clone -q --no-local a c && git -C c log "
      "--format=%H");
}
TEST_F(RealPrograms, SshTellsItsVersion) {
  if (!Installed("ssh")) GTEST_SKIP() << "ssh is not installed";
  CompareFollowed("ssh -V");
}
TEST_F(RealPrograms, SuRunsACommand) {
  if (geteuid() != 0) GTEST_SKIP() << "su asks all but root for a password";
  Compare("su -s /bin/sh -c 'echo as root; exit 0'; su -s /bin/sh nobody -c 'echo as $(id -u)'");
}
TEST_F(RealPrograms, ASetUserIdProgramRunByAnotherUserIsNotFollowedButNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  if (!Installed("setpriv") || !Installed("passwd")) GTEST_SKIP() << "setpriv or passwd is not installed";
  const Report report = Compare("setpriv --reuid=65534 --regid=65534 --clear-groups passwd -S");
  int named = 0;
  for (const Process& process : report.processes())
    named += process.untraced_reason().find("set-user-ID") != std::string::npos;
  EXPECT_EQ(named, 1) << Describe(report);
}
TEST_F(RealPrograms, PythonStartsProcessesInEveryWay) {
  CompareFollowed("cp " + Program("start_processes.py") + " . && /usr/bin/python3 start_processes.py");
}
TEST_F(RealPrograms, BashPipes) {
  Compare(
      "seq 1000 | grep 7 | sort -r | head -n 5; cat <(echo a) <(echo b); exec 5>x; echo y >&5; exec 5>&-; cat x; "
      "x=$(date +%Y); [ -n \"$x\" ]");
}

}  // namespace
}  // namespace fdtrace
