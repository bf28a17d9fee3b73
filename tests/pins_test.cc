// Files without a name in odd places, by odd names and by other hands, and the commands that free their bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::StartsWith;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int kCannotMount = 77;  // the status of a line that may not mount

// The only file without a name of `pin HOW NAME`.
PinnedFile OnlyPinOf(const std::string& how, const std::string& name) {
  const Traced traced = Trace({Program("pin"), how, name});
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  EXPECT_EQ(traced.report.pinned_files_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
  return traced.report.pinned_files_size() > 0 ? traced.report.pinned_files(0) : PinnedFile();
}

TEST(Pins, AreReportedUnderWhateverNameTheyHad) {
  const TemporaryDirectory directory;
  const std::vector<std::pair<std::string, std::string>> names = {
      {"two\nlines", "two\\x0alines"},
      {"caf\xe9", "caf\\xe9"},
      {"file (deleted)", "file (deleted)"},
      {"tab\tback\\slash \"quote\"", "tab\\x09back\\slash \"quote\""},
      {" ", " "},
  };
  for (const auto& [name, shown] : names) {
    EXPECT_EQ(OnlyPinOf("unlink", directory.path() + "/" + name).path(), directory.path() + "/" + shown);
    EXPECT_EQ(OnlyPinOf("map", directory.path() + "/" + name).path(), directory.path() + "/" + shown);
  }
}

TEST(Pins, DeeperThanAnyPathAreReportedAsWell) {
  const TemporaryDirectory directory;
  const PinnedFile file = OnlyPinOf("deep", directory.path());
  EXPECT_EQ(file.bytes(), kMebibyte);
  EXPECT_EQ(file.removed_by(), PinnedFile::UNLINK);
  EXPECT_EQ(FunctionOf(file.opened_at()), "opens_file");
  EXPECT_FALSE(file.path().empty());
}

TEST(Pins, OfMemoryAreSaidToBeMemory) {
  const PinnedFile memfd = OnlyPinOf("memfd", "scratch");
  EXPECT_TRUE(memfd.in_memory());
  EXPECT_EQ(memfd.removed_by(), PinnedFile::TMPFILE);
  EXPECT_EQ(memfd.bytes(), kMebibyte);
  EXPECT_EQ(FunctionOf(memfd.opened_at()), "opens_memfd");

  const PinnedFile shm = OnlyPinOf("shm", "/fdtrace-test-" + std::to_string(getpid()));
  EXPECT_TRUE(shm.in_memory());
  EXPECT_EQ(shm.removed_by(), PinnedFile::UNLINK);
  EXPECT_EQ(shm.bytes(), kMebibyte);
  EXPECT_EQ(FunctionOf(shm.opened_at()), "opens_shm");
  EXPECT_EQ(FunctionOf(shm.unlinked_at()), "removes_shm");
}

// Once PATH is there and has its mebibyte, or after ten seconds.
void AwaitWholeFile(const std::string& path) {
  struct stat file = {};
  for (int i = 0; i < 10'000 && !(stat(path.c_str(), &file) == 0 && file.st_size == kMebibyte); ++i) usleep(1000);
}

TEST(Pins, UnlinkedByAProcessOutsideOfTheRecordingAreToldFromTheProgramsOwn) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::thread outsider([&] {
    AwaitWholeFile(path);
    unlink(path.c_str());
  });
  const PinnedFile file = OnlyPinOf("wait", path);
  outsider.join();
  EXPECT_EQ(file.removed_by(), PinnedFile::OTHER_PROCESS);
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(file.bytes(), kMebibyte);
  EXPECT_EQ(FunctionOf(file.opened_at()), "opens_file");
  EXPECT_EQ(file.unlinked_at_size(), 0);
}

// Records `pin stay` for a short while; the process lives on, and is killed at the end.
class LivingHolder : public ::testing::Test {
 protected:
  LivingHolder() {
    report_ =
        Trace({"/bin/sh", "-c", Program("pin") + " stay " + directory_.path() + "/file & sleep 0.5"}, {"--wait", "0.2"})
            .report;
    if (report_.pinned_files_size() == 1) file_ = report_.pinned_files(0);
  }
  ~LivingHolder() override {
    if (file_.holders_size() > 0 && file_.holders(0).pid() > 1) {
      kill(static_cast<pid_t>(file_.holders(0).pid()), SIGKILL);
    }
  }

  std::string Link() const {
    return "/proc/" + std::to_string(file_.holders(0).pid()) + "/fd/" + std::to_string(file_.holders(0).fd());
  }

  // Bytes behind the holder's descriptor now; -1 when it is closed.
  int64_t BytesNow() const {
    struct stat file;
    return stat(Link().c_str(), &file) == 0 ? file.st_blocks * 512 : -1;
  }

  const TemporaryDirectory directory_;
  Report report_;
  PinnedFile file_;
};

TEST_F(LivingHolder, IsRidOfTheBytesByTheFirstCommandThatTheReportGives) {
  ASSERT_EQ(report_.pinned_files_size(), 1) << DescribeFiles(report_) << Describe(report_);
  ASSERT_EQ(file_.holders_size(), 1) << DescribeFiles(report_) << Describe(report_);
  EXPECT_TRUE(file_.holders(0).alive());
  ASSERT_EQ(file_.remedies_size(), 2) << DescribeFiles(report_) << Describe(report_);
  EXPECT_THAT(file_.remedies(0), StartsWith(": > " + Link() + " "));
  EXPECT_EQ(BytesNow(), kMebibyte);
  const Ran remedied = RunBare({"/bin/sh", "-c", file_.remedies(0)});
  EXPECT_EQ(remedied.status, 0) << remedied.err;
  EXPECT_EQ(BytesNow(), 0);
}

TEST_F(LivingHolder, IsMadeToCloseTheFileByTheSecond) {
  if (RunBare({"/bin/sh", "-c", "command -v gdb"}).status != 0) GTEST_SKIP() << "gdb is not installed";
  ASSERT_EQ(file_.remedies_size(), 2) << DescribeFiles(report_) << Describe(report_);
  EXPECT_EQ(BytesNow(), kMebibyte);
  const Ran remedied = RunBare({"/bin/sh", "-c", file_.remedies(1)});
  if (remedied.err.find("ptrace") != std::string::npos) GTEST_SKIP() << "gdb may not attach: " << remedied.err;
  EXPECT_EQ(BytesNow(), -1) << remedied.err;
}

// A shell line with mounts of its own; skips where there may be none.
class Mounts : public ::testing::Test {
 protected:
  Traced TraceMounted(const std::string& line) {
    const std::string script = "cd " + directory_.path() + " && " + line;
    return Trace({"unshare", "-m", "/bin/sh", "-c", script});
  }

  void SetUp() override {
    std::filesystem::create_directory(directory_.path() + "/mount");
    if (RunBare({"unshare", "-m", "/bin/true"}).status != 0) GTEST_SKIP() << "no mount namespaces for this user";
  }

  const TemporaryDirectory directory_;
};

TEST_F(Mounts, AFileOfAFileSystemThatIsUnmountedIsStillReported) {
  const Traced traced =
      TraceMounted("mount -t tmpfs none mount || exit 77; " + Program("pin") +
                   " stay mount/file & sleep 0.5; umount -l mount; sleep 0.5; kill -9 $!; wait; exit 0");
  if (traced.ran.status == kCannotMount) GTEST_SKIP() << traced.ran.err;
  EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
  ASSERT_EQ(traced.report.pinned_files_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
  const PinnedFile& file = traced.report.pinned_files(0);
  EXPECT_EQ(file.bytes(), kMebibyte);
  EXPECT_TRUE(file.in_memory());
  EXPECT_EQ(FunctionOf(file.opened_at()), "opens_file");
  EXPECT_EQ(FunctionOf(file.unlinked_at()), "removes_file");
}

TEST_F(Mounts, AFileOnOverlayfsIsOneRowWhetherHeldByDescriptorOrMapping) {
  for (const std::string how : {"unlink", "map"}) {
    SCOPED_TRACE(how);
    const Traced traced = TraceMounted(
        "mkdir -p lower upper work; "
        "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work mount || exit 77; " +
        Program("pin") + " " + how + " mount/" + how);
    if (traced.ran.status == kCannotMount) GTEST_SKIP() << traced.ran.err;
    EXPECT_EQ(traced.ran.status, 0) << traced.ran.err;
    ASSERT_EQ(traced.report.pinned_files_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
    const PinnedFile& file = traced.report.pinned_files(0);
    EXPECT_EQ(file.bytes(), kMebibyte);
    EXPECT_EQ(FunctionOf(file.opened_at()), "opens_file");
    EXPECT_EQ(FunctionOf(file.unlinked_at()), "removes_file");
    ASSERT_EQ(file.holders_size(), 1) << DescribeFiles(traced.report) << Describe(traced.report);
    EXPECT_EQ(file.holders(0).kind(), how == "map" ? Holder::MAPPING : Holder::DESCRIPTOR);
  }
}

}  // namespace
}  // namespace fdtrace
