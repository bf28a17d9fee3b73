// Whose bytes fill the disk, however the one who wrote them ended: on real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;

class Writers : public ::testing::Test {
 protected:
  // A shell's line, in a directory of its own.
  const Report& Run(const std::string& line) {
    traced_ = Trace({"/bin/sh", "-c", "cd " + directory_.path() + " || exit 9\n" + line}, {"-r", Text()});
    return traced_.report;
  }
  const Report& RunWrites(const std::string& how) { return Run("exec " + Program("writes") + " " + how); }

  std::string Text() const { return directory_.path() + ".txt"; }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  int64_t SizeOf(const std::string& name) const {
    struct stat file = {};
    return stat(Path(name).c_str(), &file) == 0 ? file.st_size : -1;
  }
  // All that counts for a file, whichever the place; of places that have but this file.
  int64_t AddedTo(const std::string& name) const {
    int64_t bytes = 0;
    for (const Writer& writer : traced_.report.writers()) {
      if (writer.path() != Path(name)) continue;
      bytes += writer.bytes();
      EXPECT_FALSE(writer.at_least()) << DescribeFiles(traced_.report);
    }
    return bytes;
  }
  std::string Shown() const {
    std::stringstream shown;
    shown << std::ifstream(Text()).rdbuf();
    return shown.str();
  }
  ~Writers() override { unlink(Text().c_str()); }

  const TemporaryDirectory directory_;
  Traced traced_;
};

TEST_F(Writers, AreFoundHoweverTheirProcessEnds) {
  const std::vector<std::pair<std::string, int64_t>> ways = {
      {"stream", 3000},    {"exit", 5000},        {"killed", 5000},   {"cloexec", 5000},
      {"inherited", 1004}, {"closed_late", 1004}, {"outlived", 1004},
  };
  for (const auto& [how, bytes] : ways) {
    SCOPED_TRACE(how);
    unlink(Path("f").c_str());
    const Report& report = RunWrites(how);
    EXPECT_EQ(SizeOf("f"), bytes) << traced_.ran.err;
    ASSERT_EQ(report.writers_size(), 1) << DescribeFiles(report) << Describe(report);
    EXPECT_EQ(report.writers(0).bytes(), bytes);
    EXPECT_EQ(report.writers(0).path(), Path("f"));
    EXPECT_EQ(report.writers(0).files(), 1u);
    EXPECT_FALSE(report.writers(0).at_least());
    EXPECT_EQ(FunctionOf(report.writers(0).stack()), how == "stream" ? "main" : "opens_file");
  }
}

TEST_F(Writers, AreProgramsThatReceiveTheirOutputOverAnExec) {
  for (const std::string line : {"exec dd if=/dev/zero bs=1000 count=500 >f 2>/dev/null", "seq 1 20000 >f",
                                 "exec >f; seq 1 1000; echo end", "awk 'BEGIN { print 1 }' >f"}) {
    SCOPED_TRACE(line);
    unlink(Path("f").c_str());
    const Report& report = Run(line);
    EXPECT_EQ(AddedTo("f"), SizeOf("f")) << DescribeFiles(report);
    EXPECT_GT(SizeOf("f"), 0) << traced_.ran.err;
  }
}

TEST_F(Writers, AreProgramsThatCannotBeFollowed) {
  const Report& report = Run(Program("static_program") + " 0 >f");
  EXPECT_GT(SizeOf("f"), 0) << traced_.ran.err;
  EXPECT_EQ(AddedTo("f"), SizeOf("f")) << DescribeFiles(report);
}

TEST_F(Writers, OfOneLogAddUpToItsSize) {
  const Report& report = Run("(for i in 1 2 3 4 5; do echo aaaaaaaaaa; done >>f) & seq 1 5000 >>f & wait");
  EXPECT_EQ(SizeOf("f"), 55 + 23893) << traced_.ran.err;
  EXPECT_EQ(AddedTo("f"), SizeOf("f")) << DescribeFiles(report);
}

// What libc writes at exit is in the file when the next program empties it.
TEST_F(Writers, OfAFileThatIsWrittenAgainCountEachTime) {
  const Report& report = Run("for i in 1 2 3 4 5 6 7 8 9 10; do " + Program("writes") + " stream; done");
  EXPECT_EQ(SizeOf("f"), 3000) << traced_.ran.err;
  EXPECT_EQ(AddedTo("f"), 10 * 3000) << DescribeFiles(report);
}

TEST_F(Writers, OfAFileThatIsRemovedAtOnceCountAsWell) {
  const Report& report = Run(Program("writes") + " stream; rm f");
  EXPECT_EQ(AddedTo("f"), 3000) << DescribeFiles(report);
}

TEST_F(Writers, AreNotCreditedWithWhatAnotherWritesOnceTheyHaveEnded) {
  std::thread outsider([this] {
    for (int i = 0; i < 10'000 && SizeOf("f") != 5000; ++i) usleep(1000);
    usleep(1'000'000);  // the look is to have come by then
    std::ofstream(Path("f"), std::ios::app) << std::string(100'000, 'x');
  });
  const Report& report = Run(Program("writes") + " killed; sleep 2");
  outsider.join();
  EXPECT_EQ(SizeOf("f"), 105'000);
  EXPECT_EQ(AddedTo("f"), 5000) << DescribeFiles(report);
}

TEST_F(Writers, NameAFileThatWasThereByItsWholePathWhereverTheProcessIs) {
  std::ofstream(Path("old")) << "x";
  const std::string here = directory_.path();
  const std::vector<std::string> lines = {
      "echo a >>old",
      "mkdir -p sub && cd sub && echo a >>../old",
      "exec /usr/bin/python3 -c 'import os; os.chdir(\"/\"); os.chdir(\"" + here +
          "\"); open(\"./old\", \"a\").write(\"a\")'",
      "exec /usr/bin/python3 -c 'import os; d = os.open(\"" + here +
          "\", os.O_RDONLY); os.chdir(\"/\"); "
          "os.write(os.open(\"old\", os.O_WRONLY | os.O_APPEND, dir_fd=d), b\"a\")'",
  };
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    const Report& report = Run(line);
    EXPECT_EQ(traced_.ran.status, 0) << traced_.ran.err;
    ASSERT_GE(report.writers_size(), 1) << DescribeFiles(report);
    EXPECT_EQ(report.writers(0).path().substr(0, here.size()), here);
    EXPECT_TRUE(report.writers(0).path().ends_with("/old")) << report.writers(0).path();
  }
}

TEST_F(Writers, OfAFileWithoutANameThatNobodyCouldLookAtAreSaidToBeTheLeast) {
  const Report& report = RunWrites("nameless");
  EXPECT_EQ(traced_.ran.status, 128 + SIGKILL);
  ASSERT_EQ(report.writers_size(), 1) << DescribeFiles(report);
  EXPECT_TRUE(report.writers(0).at_least());
  EXPECT_TRUE(report.writers(0).nameless());
  EXPECT_THAT(Shown(), HasSubstr("\nWRITERS   at least "));
  EXPECT_THAT(Shown(), HasSubstr("  a file that never had a name  opened at "));
  EXPECT_THAT(Shown(), HasSubstr(" pinned, as of the last look\n"));
}

TEST_F(Writers, ThatADaemonLeavesDoNotHoldFilesToTheEnd) {
  for (int i = 0; i < 10; ++i) {
    const Report& report = RunWrites("daemon");
    EXPECT_EQ(report.pinned_files_size(), 0) << DescribeFiles(report);
    EXPECT_EQ(AddedTo("f"), 4) << DescribeFiles(report);
  }
}

}  // namespace
}  // namespace fdtrace
