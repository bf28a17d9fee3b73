#include "cli/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;

class OutputFileTest : public ::testing::Test {
 protected:
  OutputFileTest() {
    char name[] = "/tmp/output_file_test.XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~OutputFileTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return absl::StrCat(directory_, "/", name); }
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) count += entry.path().empty() ? 0 : 1;
    return count;
  }
  static std::string Content(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
  }

  std::string directory_;
};

TEST_F(OutputFileTest, LeavesNothingBehindWhenChecking) {
  EXPECT_TRUE(CheckWritable(Path("new")).ok());
  EXPECT_EQ(Files(), 0u);
  std::ofstream(Path("old")) << "kept";
  EXPECT_TRUE(CheckWritable(Path("old")).ok());
  EXPECT_EQ(Content(Path("old")), "kept");
}

TEST_F(OutputFileTest, NamesTheFileThatCannotBeWritten) {
  const absl::Status missing = CheckWritable(Path("no/such/file"));
  EXPECT_THAT(std::string(missing.message()), HasSubstr(Path("no/such/file")));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("No such file or directory"));
  EXPECT_FALSE(CheckWritable(directory_).ok());
  EXPECT_FALSE(WriteWhole(Path("no/such/file"), "x").ok());
}

TEST_F(OutputFileTest, ReplacesTheFileAndKeepsItsMode) {
  std::ofstream(Path("report")) << "a much longer report";
  chmod(Path("report").c_str(), 0640);
  ASSERT_TRUE(WriteWhole(Path("report"), "new").ok());
  EXPECT_EQ(Content(Path("report")), "new");
  struct stat file;
  ASSERT_EQ(stat(Path("report").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, GivesANewFileTheModeThatAnyOtherWouldHave) {
  const mode_t mask = umask(027);
  ASSERT_TRUE(WriteWhole(Path("report"), "new").ok());
  umask(mask);
  struct stat file;
  ASSERT_EQ(stat(Path("report").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640u);
}

TEST_F(OutputFileTest, LetsNobodyElseReadWhatIsItsOwnersAloneEvenWhereOthersCouldReadWhatItReplaces) {
  for (const bool replaces : {false, true}) {
    if (replaces) chmod(Path("trace").c_str(), 0666);
    mode_t while_written = 0;
    ASSERT_TRUE(WriteWhole(Path("trace"), Readers::kOwner, [&](const std::string& path) {
                  struct stat file;
                  if (stat(path.c_str(), &file) == 0) while_written = file.st_mode & 0777;
                  return absl::OkStatus();
                }).ok());
    struct stat file;
    ASSERT_EQ(stat(Path("trace").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
    EXPECT_EQ(while_written, 0600u);
  }
}

TEST_F(OutputFileTest, KeepsTheOldFileWhenWritingFails) {
  std::ofstream(Path("report")) << "old";
  const absl::Status status = WriteWhole(Path("report"), Readers::kAsUsual, [](const std::string& path) {
    std::ofstream(path) << "half";
    return absl::ResourceExhaustedError(absl::StrCat("cannot write ", path, ": disk full"));
  });
  EXPECT_EQ(status.message(), absl::StrCat("cannot write ", Path("report"), ": disk full"));
  EXPECT_EQ(Content(Path("report")), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, WritesThroughSymbolicLinks) {
  std::ofstream(Path("real")) << "old";
  std::filesystem::create_symlink("real", Path("link"));
  std::filesystem::create_symlink("later", Path("dangling"));
  ASSERT_TRUE(WriteWhole(Path("link"), "new").ok());
  ASSERT_TRUE(WriteWhole(Path("dangling"), "made").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Content(Path("real")), "new");
  EXPECT_EQ(Content(Path("later")), "made");
}

TEST_F(OutputFileTest, WritesToADeviceWithoutReplacingIt) {
  std::filesystem::create_symlink("/dev/null", Path("null"));
  EXPECT_TRUE(CheckWritable(Path("null")).ok());
  EXPECT_TRUE(WriteWhole(Path("null"), "x").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(std::string(WriteWhole("/dev/full", "x").message()), HasSubstr("cannot write /dev/full: No space left"));
}

TEST_F(OutputFileTest, NamesTheTraceAfterTheProgramInSafeLetters) {
  EXPECT_EQ(DefaultTraceName("/usr/sbin/server", 4711), "fdtrace.server.4711.fdt");
  EXPECT_EQ(DefaultTraceName("python3.11", 1), "fdtrace.python3.11.1.fdt");
  EXPECT_EQ(DefaultTraceName("./a b:c$\n", 1), "fdtrace.a_b_c__.1.fdt");
  EXPECT_LT(DefaultTraceName(std::string(255, 'x'), 1).size(), 200u);
}

TEST_F(OutputFileTest, SeesThatTwoNamesAreOneFile) {
  EXPECT_TRUE(SameFile(Path("a"), absl::StrCat(directory_, "/./a")));
  EXPECT_FALSE(SameFile(Path("a"), Path("b")));
  EXPECT_FALSE(SameFile(Path("a"), "a"));
  std::ofstream(Path("a")) << "x";
  std::filesystem::create_symlink("a", Path("b"));
  EXPECT_TRUE(SameFile(Path("a"), Path("b")));
}

}  // namespace
}  // namespace fdtrace
