// What the library tells of files, on real calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "tests/told_events.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

class FileEvents : public ::testing::Test {
 protected:
  // Runs an action of tests/programs/file_calls.c.
  void Run(const std::string& action) {
    for (const Event& event : EventsOf({"file_calls", action, directory_.path()})) Add(event);
  }

  std::string InDirectory(const std::string& name) { return directory_.path() + "/" + name; }

  // "FUNCTION NAME" of an opening, "+" before the name of what it has made, "-" where no file is told.
  std::string Told(const Opened& opened) {
    const std::string& path = opened.path();
    const bool is_here = path.starts_with(InDirectory(""));
    EXPECT_TRUE(!opened.created() || path.starts_with('/')) << path;
    return functions_[opened.function()] +
           (opened.created()    ? " +"
            : opened.has_file() ? " "
                                : " -") +
           (is_here ? path.substr(InDirectory("").size()) : path);
  }
  std::vector<std::string> AllOpened() {
    std::vector<std::string> told;
    for (const Opened& opened : opened_) told.push_back(Told(opened));
    return told;
  }

  std::map<uint32_t, std::string> functions_;
  std::vector<Opened> opened_;
  std::vector<Closed> closed_;
  std::vector<Unlinked> unlinked_;
  std::vector<Renamed> renamed_;
  std::vector<Linked> linked_;
  std::vector<Moved> moved_;
  std::vector<Written> written_;

 private:
  void Add(const Event& event) {
    if (event.has_function()) functions_[event.function().number()] = event.function().name();
    if (event.has_opened()) opened_.push_back(event.opened());
    if (event.has_closed()) closed_.push_back(event.closed());
    if (event.has_unlinked()) unlinked_.push_back(event.unlinked());
    if (event.has_renamed()) renamed_.push_back(event.renamed());
    if (event.has_linked()) linked_.push_back(event.linked());
    if (event.has_moved()) moved_.push_back(event.moved());
    if (event.has_written()) written_.push_back(event.written());
  }

  const TemporaryDirectory directory_;
};

TEST_F(FileEvents, AnOpeningThatMayWriteTellsOfItsFileAndWhetherItMadeIt) {
  Run("opens");
  std::vector<std::string> told = AllOpened();
  // Of these the names are made by the calls.
  for (std::string& one : told) {
    if (one.starts_with("mkstemp +tmp-")) one = "mkstemp +tmp-";
    if (const size_t pid = one.find("fdtrace-"); one.starts_with("shm_open ")) one.resize(pid + sizeof "fdtrace-" - 1);
  }
  EXPECT_THAT(told, ElementsAre("open -.", "open +new", "open new", "open new", "open -new", "open +empty",
                                "openat +exclusive", "openat +at", "creat +creat", "mkstemp +tmp-", "fopen +stream",
                                "fopen stream", "fopen stream", "fopen -stream", "fopen -/dev/null", "freopen +again",
                                "shm_open +/dev/shm/fdtrace-", "shm_open /fdtrace-", "shm_open -/fdtrace-",
                                "open +full", "open +dots", "syscall(openat) +by_number", "syscall(openat2) +how",
                                "syscall(openat2) how", "open -/dev/null", "open -new"));
  EXPECT_EQ(opened_[1].file().links(), 1u);
  EXPECT_EQ(opened_[1].file().inode(), opened_[2].file().inode());
  EXPECT_EQ(opened_[1].file().apparent_bytes(), 0u);
}

TEST_F(FileEvents, AFileThatNeverHadANameHasNoLinks) {
  Run("nameless");
  EXPECT_THAT(AllOpened(), ElementsAre("open .", "memfd_create memory", "tmpfile "));
  for (const Opened& opened : opened_) {
    EXPECT_TRUE(opened.has_file()) << opened.DebugString();
    EXPECT_EQ(opened.file().links(), 0u) << opened.DebugString();
  }
}

TEST_F(FileEvents, CopiesTellOfTheirSourceAndOfTheFileAtTheirClose) {
  Run("copies");
  EXPECT_THAT(AllOpened(), ElementsAre("open +file", "dup -", "dup2 -", "fcntl -"));
  for (size_t i = 1; i < opened_.size(); ++i) {
    EXPECT_EQ(opened_[i].source(), opened_[0].id());
    EXPECT_FALSE(opened_[i].has_file());
  }
  EXPECT_FALSE(closed_.empty());
  for (const Closed& closed : closed_) EXPECT_TRUE(closed.has_file());
}

TEST_F(FileEvents, ACloseTellsTheSizeItLeavesWithWhatWasBuffered) {
  Run("closes");
  std::vector<std::string> told;
  for (const Closed& closed : closed_) {
    if (closed.has_file())
      told.push_back(functions_[closed.function()] + " " + std::to_string(closed.file().apparent_bytes()));
  }
  EXPECT_THAT(told, ElementsAre("close 1001", "dup2 1002", "close_range 1003", "fclose 1004", "fclose 1005",
                                "close 1001", "fclose 1006", "freopen 1007", "close 1008", "fclose 1008", "fclose 1009",
                                "syscall(close) 1010"));
}

TEST_F(FileEvents, ARemovedNameTellsOfTheFileAndOfTheNamesItHasLeft) {
  Run("unlinks");
  std::vector<std::string> told;
  for (const Unlinked& unlinked : unlinked_) {
    EXPECT_NE(unlinked.file().inode(), 0u);
    EXPECT_EQ(unlinked.how(), Unlinked::UNLINK);
    EXPECT_NE(unlinked.stack(), 0u);
    std::string path = unlinked.path();
    const std::string shared = "/dev/shm/fdtrace-";  // and the number of the process
    if (path.starts_with(shared)) path = shared;
    told.push_back(functions_[unlinked.function()] + " " + path + " " +
                   std::to_string(unlinked.file().apparent_bytes()) + " " + std::to_string(unlinked.file().links()));
  }
  EXPECT_THAT(told, ElementsAre("unlink 1 1 0", "unlinkat 2 2 0", "remove 3 3 0", "unlink " + InDirectory("4") + " 4 1",
                                "syscall(unlinkat) 5 5 0", "shm_unlink /dev/shm/fdtrace- 6 0"));
  EXPECT_TRUE(renamed_.empty());
}

TEST_F(FileEvents, ARenameTellsOfBothFiles) {
  Run("renames");
  std::map<uint64_t, std::string> made;  // in its order, as "1", "2", …
  for (const Opened& opened : opened_) {
    if (opened.created()) made.emplace(opened.file().inode(), std::filesystem::path(opened.path()).filename());
  }
  std::vector<std::string> told;
  for (const Renamed& renamed : renamed_) told.push_back(made[renamed.inode()] + " " + renamed.new_path());
  EXPECT_THAT(told, ElementsAre("1 " + InDirectory("to"), "2 " + InDirectory("to"), "3 " + InDirectory("to"),
                                "2 " + InDirectory("3"), "4 " + InDirectory("fresh")));
  told.clear();
  for (const Unlinked& unlinked : unlinked_) {
    EXPECT_EQ(unlinked.how(), Unlinked::RENAME);
    EXPECT_EQ(unlinked.file().links(), 0u);
    told.push_back(functions_[unlinked.function()] + " " + made[unlinked.file().inode()] + " " + unlinked.path());
  }
  EXPECT_THAT(told, ElementsAre("renameat 1 to", "rename 4 fresh"));
}

TEST_F(FileEvents, ADirectoryThatIsRenamedIsToldByBothItsPaths) {
  Run("moves");
  std::vector<std::string> told;
  for (const Moved& moved : moved_)
    told.push_back(moved.old_path() + (moved.exchanged() ? " <> " : " -> ") + moved.new_path());
  EXPECT_THAT(told, ElementsAre(InDirectory("directory") + " -> " + InDirectory("moved"),
                                InDirectory("moved") + " -> " + InDirectory("empty"),
                                InDirectory("symbolic") + " -> " + InDirectory("led"),
                                InDirectory("file") + " <> " + InDirectory("empty")));
  ASSERT_EQ(renamed_.size(), 1u);
  EXPECT_EQ(renamed_[0].new_path(), InDirectory("empty"));
  EXPECT_TRUE(renamed_[0].old_path().empty());
  EXPECT_FALSE(renamed_[0].replaced());
  EXPECT_TRUE(unlinked_.empty());
}

TEST_F(FileEvents, ALinkTellsOfTheFileAndOfItsNewName) {
  Run("links");
  std::vector<std::string> told;
  for (const Linked& linked : linked_) {
    EXPECT_NE(linked.file().inode(), 0u);
    told.push_back(linked.new_path() + " " + std::to_string(linked.file().links()));
  }
  EXPECT_THAT(told, ElementsAre(InDirectory("2") + " 2", InDirectory("3") + " 3", InDirectory("4") + " 4",
                                InDirectory("named") + " 1", InDirectory("6") + " 4"));
  ASSERT_EQ(renamed_.size(), 1u);
  EXPECT_EQ(renamed_[0].old_path(), InDirectory("4"));
  EXPECT_EQ(renamed_[0].new_path(), InDirectory("5"));
  ASSERT_EQ(unlinked_.size(), 1u);
  EXPECT_EQ(unlinked_[0].path(), InDirectory("1"));
  EXPECT_EQ(unlinked_[0].file().links(), 3u);
}

// The program itself checks what it gets.
TEST_F(FileEvents, PathsThatPointNowhereAreRefusedAsWithoutUs) {
  Run("faults");
  EXPECT_TRUE(unlinked_.empty());
}

TEST_F(FileEvents, AVforkChildTellsAsMuch) {
  Run("vfork_child");
  ASSERT_EQ(unlinked_.size(), 1u);
  EXPECT_EQ(unlinked_[0].file().apparent_bytes(), 77u);
  EXPECT_EQ(unlinked_[0].path(), "file");
  EXPECT_EQ(Told(opened_.back()), "open +made");
  EXPECT_EQ(closed_.back().file().apparent_bytes(), 78u);
}

// The program is killed at the first call that asks for the state of a file.
TEST_F(FileEvents, NothingIsAskedOfFilesThatAreOnlyRead) {
  Run("reads_only");
  EXPECT_EQ(opened_.size(), 102u);
  EXPECT_EQ(closed_.size(), 102u);
}

// The program is killed at the first call that asks for more than the state of a file that it has open.
TEST_F(FileEvents, NoNameIsAskedOfFilesThatAreWrittenOnceTheWorkingDirectoryIsKnown) {
  Run("writes_only");
  ASSERT_EQ(opened_.size(), 102u);
  std::string directories;
  for (const Opened& opened : opened_) directories += opened.directory();
  EXPECT_EQ(directories + "/", InDirectory("")) << "told once";
  EXPECT_EQ(opened_.back().path(), "file");
}

TEST_F(FileEvents, AnExecTellsHowLargeFilesAreThatMayHaveBeenWritten) {
  Run("exec");
  std::vector<uint64_t> sizes;
  for (const Written& written : written_) sizes.push_back(written.file().apparent_bytes());
  EXPECT_THAT(sizes, ElementsAre(11u, 0u, 0u));
  ASSERT_GE(opened_.size(), 4u);
  EXPECT_EQ(opened_[3].before().apparent_bytes(), 12u) << "before it was emptied";
  EXPECT_EQ(opened_[3].file().apparent_bytes(), 0u);
  EXPECT_FALSE(opened_[1].has_before());
}

}  // namespace
}  // namespace fdtrace
