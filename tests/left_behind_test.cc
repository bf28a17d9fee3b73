// Which files are left behind, by whatever names they end up: compared with what there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::IsEmpty;

struct FilesOfDirectory {
  uint64_t files = 0;
  int64_t bytes = 0;
  bool operator==(const FilesOfDirectory&) const = default;
};
void PrintTo(const FilesOfDirectory& one, std::ostream* out) {
  *out << one.files << " files, " << one.bytes << " bytes";
}

using FilesByDirectory = std::map<std::string, FilesOfDirectory>;

// The regular files below a directory, each counted once.
std::map<uint64_t, std::pair<std::string, int64_t>> FilesBelow(const std::string& directory) {
  std::map<uint64_t, std::pair<std::string, int64_t>> files;  // directory and bytes by inode
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status;
    if (lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    files.emplace(status.st_ino, std::pair(entry.path().parent_path().string(), status.st_blocks * 512));
  }
  return files;
}

FilesByDirectory Found(const std::string& directory, const std::set<uint64_t>& before) {
  FilesByDirectory found;
  for (const auto& [inode, file] : FilesBelow(directory)) {
    if (before.contains(inode)) continue;
    ++found[file.first].files;
    found[file.first].bytes += file.second;
  }
  return found;
}

FilesByDirectory Told(const Report& report) {
  FilesByDirectory told;
  for (const Leftover& left : report.leftovers()) {
    told[left.directory()].files += left.files();
    told[left.directory()].bytes += left.bytes();
  }
  return told;
}

FilesOfDirectory Sum(const FilesByDirectory& directories) {
  FilesOfDirectory sum;
  for (const auto& [directory, one] : directories) {
    sum.files += one.files;
    sum.bytes += one.bytes;
  }
  return sum;
}

// Runs the command in a directory of its own, where `setup` has been run before without fdtrace; what it left is what
// is there and was not before.
class LeftBehind : public ::testing::Test {
 protected:
  Report RunIn(const std::vector<std::string>& command) {
    std::set<uint64_t> before;
    for (const auto& [inode, file] : FilesBelow(directory_.path())) before.insert(inode);
    const Traced traced = Trace(command, {}, "", 120);
    EXPECT_EQ(traced.ran.status, 0) << traced.ran.err << traced.ran.out;
    told_ = Told(traced.report);
    found_ = Found(directory_.path(), before);
    return traced.report;
  }
  Report Shell(const std::string& line, const std::string& setup = ":") {
    const std::string go = "set -e; cd '" + directory_.path() + "'; ";
    EXPECT_EQ(RunBare({"/bin/sh", "-c", go + setup}).status, 0);
    return RunIn({"/bin/sh", "-c", go + line});
  }
  Report Python(const std::string& lines) {
    return RunIn(
        {"/usr/bin/python3", "-c", "import os, sys, tempfile\nos.chdir(sys.argv[1])\n" + lines, directory_.path()});
  }
  Report Names(const std::string& how) { return RunIn({Program("names"), how, directory_.path()}); }

  std::string InDirectory(const std::string& name) const { return directory_.path() + "/" + name; }
  FilesOfDirectory ToldIn(const std::string& name) const {
    const auto one = told_.find(InDirectory(name));
    return one == told_.end() ? FilesOfDirectory() : one->second;
  }

  const TemporaryDirectory directory_;
  FilesByDirectory told_;
  FilesByDirectory found_;
};

TEST_F(LeftBehind, AreFoundWhereTheirDirectoryWasRenamedTo) {
  Shell("mkdir t; echo a >t/a; mkdir t/s; echo b >t/s/b; mv t u; mv u final; echo c >final/c");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(ToldIn("final").files, 2u);
  EXPECT_EQ(ToldIn("final/s").files, 1u);
}

TEST_F(LeftBehind, AreFoundWhereTheirDirectoryCameBackTo) {
  Shell("mkdir t; echo a >t/a; mv t u; mkdir t; echo b >t/b; mv t old; mv u t; mv old t/old");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 2u);
}

TEST_F(LeftBehind, AreFoundInADirectoryThatTookThePlaceOfAnEmptyOne) {
  Shell("mkdir a b; echo x >a/x; mv -T a b");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(ToldIn("b").files, 1u);
}

TEST_F(LeftBehind, AreFoundInDirectoriesThatTookEachOthersNames) {
  Names("exchange");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 4u);
}

TEST_F(LeftBehind, AreFoundByWhateverSpellingTheDirectoryWasRenamed) {
  Shell("mkdir t; echo a >\"$PWD/t/../t//a\"; mkdir sub; cd sub; mv ../t/ ./../final");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(ToldIn("final").files, 1u);
}

TEST_F(LeftBehind, AreFoundWhereTheyWereMadeThroughASymbolicLinkAndTheirDirectoryWasRenamedWithout) {
  Shell("mkdir real; ln -s real link; mkdir real/t; echo a >\"$PWD/link/t/a\"; mv real/t real/final");
  EXPECT_EQ(told_, FilesByDirectory({{InDirectory("real/final"), found_[InDirectory("real/final")]}}));
}

TEST_F(LeftBehind, AreFoundWhereTheSymbolicLinkThroughWhichTheyWereMadeWasRenamed) {
  Shell("mkdir real; ln -s real link; echo a >\"$PWD/link/a\"; mv link another");
  EXPECT_EQ(Sum(told_), Sum(found_));
  EXPECT_EQ(ToldIn("another").files, 1u);
}

TEST_F(LeftBehind, AreFoundByTheNameThatALinkGaveThem) {
  Shell("echo a >tmp1; ln tmp1 final; rm tmp1; echo b >tmp2; ln tmp2 b; mv tmp2 c; rm b");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 2u);
}

TEST_F(LeftBehind, CountOnceWhateverNamesTheyHave) {
  Shell("mkdir d; echo a >one; ln one two; ln one d/three; cp -rl d e");
  EXPECT_EQ(Sum(told_), Sum(found_));
  EXPECT_EQ(Sum(told_).files, 1u);
}

TEST_F(LeftBehind, AreNotFilesFromBeforeByNewNames) {
  Shell("ln old new; mkdir sub; cp -rl d sub; mv d moved; mv old older; rm older", "echo a >old; mkdir d; echo b >d/b");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(LeftBehind, AreNotFilesThatTakeThePlaceOfOthersInADirectoryFromBeforeThatWasRenamed) {
  Shell("mv d e; echo new >tmp; mv tmp e/config", "mkdir d; echo old >d/config");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(LeftBehind, OneOfTheProgramsOwnReplacedInARenamedDirectoryCountsOnce) {
  Shell(
      "mkdir d; echo 1 >d/list; mv d e; echo 2 >tmp; mv tmp e/list; echo 3 >tmp; ln e/list keep; mv tmp e/list; rm "
      "keep");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 1u);
}

TEST_F(LeftBehind, ThoseMadeWithoutANameThatGotOneAreTheirOpeners) {
  const Report report = Names("unnamed");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 2u);
  for (const Leftover& left : report.leftovers()) {
    EXPECT_EQ(FunctionOf(left.created_at()), "opens_unnamed") << DescribeFiles(report);
  }
  EXPECT_EQ(report.pinned_files_size(), 0) << DescribeFiles(report);
}

TEST_F(LeftBehind, AreFoundThoughAnotherThreadRenamedTheirDirectory) {
  Names("threads");
  EXPECT_EQ(Sum(told_).files, 2000u);
  EXPECT_EQ(told_, found_);
}

TEST_F(LeftBehind, AreFoundThoughAChildOfVforkOrASignalHandlerGaveThemTheirNames) {
  Names("child");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 2u);
  EXPECT_EQ(RunBare({"/bin/rm", "-r", InDirectory("second"), InDirectory("moved")}).status, 0);
  Names("signal");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 2u);
}

// It is the time limit that fails where a rename costs as much as there is below the directory.
TEST_F(LeftBehind, AreFoundThoughThereAreManyAndTheirDirectoryWasRenamedOften) {
  Names("many");
  EXPECT_EQ(ToldIn("5000").files, 100'000u);
}

TEST_F(LeftBehind, OfPythonsTemporaryFilesAreThoseThatAreThereByWhateverName) {
  Python(
      "for i in range(20):\n"
      "  fd, path = tempfile.mkstemp(dir='.')\n"
      "  os.write(fd, b'x' * i * 700)\n"
      "  os.close(fd)\n"
      "  if i % 3 == 0: os.replace(path, 'replaced%d' % (i % 2))\n"
      "  if i % 3 == 1: os.link(path, 'linked%d' % i); os.unlink(path)\n"
      "directory = tempfile.mkdtemp(dir='.')\n"
      "open(directory + '/in', 'w').write('x')\n"
      "os.rename(directory, 'final')\n");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(Sum(told_).files, 16u);
}

TEST_F(LeftBehind, OfAMaildirAreItsMails) {
  Python(
      "import mailbox\n"
      "box = mailbox.Maildir('box')\n"
      "for i in range(10): box.add('Subject: x\\n\\n' + 'body' * i)\n"
      "for key in box.keys():\n"
      "  mail = box[key]\n"
      "  mail.set_subdir('cur')\n"
      "  box[key] = mail\n"
      "os.rename('box', 'mail')\n");
  EXPECT_EQ(told_, found_);
  EXPECT_EQ(ToldIn("mail/cur").files, 10u);
}

TEST_F(LeftBehind, OfGitAndTarAreAllTheirFiles) {
  Shell(
      "export GIT_CONFIG_GLOBAL=/dev/null; git init -q r; cd r; git config user.name a; git config user.email a@b.c; "
      "for i in 1 2; do seq $i 900 >f; git add f; git commit -qm $i; done; git gc -q; cd ..; git clone -q r s; mv s t; "
      "tar cf t.tar t; mkdir u; tar xf t.tar -C u; mv u v");
  EXPECT_EQ(Sum(told_), Sum(found_));
  EXPECT_GT(Sum(told_).files, 50u);
}

}  // namespace
}  // namespace fdtrace
