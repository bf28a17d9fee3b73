// Software that people really run: the same output and status as without fdtrace, and a report that adds up.
#include <gtest/gtest.h>

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
};

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
TEST_F(RealPrograms, BashPipes) {
  Compare(
      "seq 1000 | grep 7 | sort -r | head -n 5; cat <(echo a) <(echo b); exec 5>x; echo y >&5; exec 5>&-; cat x; "
      "x=$(date +%Y); [ -n \"$x\" ]");
}

}  // namespace
}  // namespace fdtrace
