#include "collector/file_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr FileId kFirst = {1, 1}, kSecond = {1, 2}, kThird = {1, 3};

class FileNamesTest : public ::testing::Test {
 protected:
  void Give(const FileId& file, const std::string& path, bool replaced = false) { names_.Give(file, path, replaced); }
  void Move(const std::string& from, const std::string& to) { names_.Move(from, to, /*exchanged=*/false); }

  FileNames names_{100};
};

TEST_F(FileNamesTest, AFileHasTheNamesThatItWasGivenAndNotTaken) {
  Give(kFirst, "/a/one");
  Give(kFirst, "/b/two");
  Give(kFirst, "/a/one");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/a/one", "/b/two"));
  names_.Take(kFirst, "/a/one");
  names_.Take(kFirst, "/a/other");
  names_.Take(kSecond, "/b/two");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/b/two"));
  names_.TakeAll(kFirst);
  EXPECT_THAT(names_.Of(kFirst), IsEmpty());
}

TEST_F(FileNamesTest, ANameHasOneFile) {
  Give(kFirst, "/a");
  Give(kSecond, "/a");
  EXPECT_THAT(names_.Of(kFirst), IsEmpty());
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/a"));
}

TEST_F(FileNamesTest, ADirectoryTakesAllBelowItAlong) {
  Give(kFirst, "/d/one");
  Give(kSecond, "/d/e/f/two");
  Give(kThird, "/do not");
  Move("/d", "/x/y");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/x/y/one"));
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/x/y/e/f/two"));
  EXPECT_THAT(names_.Of(kThird), ElementsAre("/do not"));
  Move("/x/y/e", "/d");
  Move("/x", "/d/f/g");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/d/f/g/y/one"));
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/d/f/two"));
}

TEST_F(FileNamesTest, ADirectoryThatComesBackIsWhereItWas) {
  Give(kFirst, "/d/one");
  Move("/d", "/elsewhere");
  Give(kSecond, "/d/one");
  Move("/d", "/old");
  Move("/elsewhere", "/d");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/d/one"));
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/old/one"));
}

TEST_F(FileNamesTest, WhereADirectoryIsMovedToNothingWasLeft) {
  Give(kFirst, "/empty/gone by a call that nobody saw");
  Give(kSecond, "/d/two");
  Move("/d", "/empty");
  EXPECT_THAT(names_.Of(kFirst), IsEmpty());
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/empty/two"));
}

TEST_F(FileNamesTest, ExchangedDirectoriesTakeEachOthersNames) {
  Give(kFirst, "/a/one");
  Give(kSecond, "/b/c/two");
  names_.Move("/a", "/b/c", /*exchanged=*/true);
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/b/c/one"));
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/a/two"));
  names_.Move("/nothing is known below this", "/a", /*exchanged=*/true);
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/nothing is known below this/two"));
  names_.Move("/x", "/b/c/one", /*exchanged=*/true);  // a directory and a file
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/x"));
}

TEST_F(FileNamesTest, WhereAFileMayBeIsGuessedWhenItsDirectoryWasMovedByAnotherSpelling) {
  Give(kFirst, "/link/work/deep/one");
  EXPECT_THAT(names_.GuessesOf(kFirst), IsEmpty());
  Move("/real/work", "/real/final");
  Move("/real/work", "/real/another");  // which was made since
  Move("/real/final", "/srv/final");
  Give(kSecond, "/link/work/two");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/link/work/deep/one"));
  EXPECT_THAT(names_.GuessesOf(kFirst), ElementsAre("/srv/final/deep/one", "/real/another/deep/one"));
  EXPECT_THAT(names_.GuessesOf(kSecond), IsEmpty());
  Move("/anything", "/srv");
  EXPECT_THAT(names_.GuessesOf(kFirst), ElementsAre("/real/another/deep/one"));
}

TEST_F(FileNamesTest, SlashesAndDotsAreSpelling) {
  Give(kFirst, "/a//b/./c/../d/one");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/a/b/d/one"));
  Move("/a/x/../b/", "//e/");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/e/d/one"));
  Move("/e", "/../f/.");
  EXPECT_THAT(names_.Of(kFirst), ElementsAre("/f/d/one"));
}

TEST_F(FileNamesTest, PathsThatNameNothingAreOfNoUse) {
  const std::string cut = "/" + std::string(5000, 'x');
  for (const std::string& path : {std::string(), std::string("relative"), std::string("/"), std::string("/.."), cut}) {
    Give(kFirst, path);
    EXPECT_THAT(names_.Of(kFirst), IsEmpty());
    names_.Take(kFirst, path);
    Give(kSecond, "/d/two");
    Move(path, "/e");
    EXPECT_THAT(names_.Of(kSecond), ElementsAre("/d/two"));
    Move("/d", path);
    EXPECT_THAT(names_.Of(kSecond), IsEmpty());
  }
}

TEST_F(FileNamesTest, WhatTakesThePlaceOfSomethingFromBeforeIsNoNameOfTheProgramsOwn) {
  Give(kFirst, "/etc/config", /*replaced=*/true);
  EXPECT_THAT(names_.Of(kFirst), IsEmpty());
  Give(kSecond, "/etc/config", /*replaced=*/true);
  EXPECT_THAT(names_.Of(kSecond), IsEmpty());
  Move("/etc", "/usr");
  EXPECT_THAT(names_.Of(kSecond), IsEmpty());
  Give(kSecond, "/usr/another");
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/usr/another"));
}

TEST_F(FileNamesTest, ANameThatTheProgramMadeIsItsOwnWhateverBecomesOfTheFileAndTheDirectory) {
  Give(kFirst, "/d/list");
  Give(kSecond, "/d/list", /*replaced=*/true);
  EXPECT_THAT(names_.Of(kSecond), ElementsAre("/d/list"));
  names_.TakeAll(kSecond);
  Move("/d", "/e");
  Give(kThird, "/e/list", /*replaced=*/true);
  EXPECT_THAT(names_.Of(kThird), ElementsAre("/e/list"));
}

TEST_F(FileNamesTest, SoManyNamesOfFilesThatAreGoneAreRemembered) {
  FileNames names(/*max_remembered=*/2);
  for (const char* const path : {"/a", "/b", "/c"}) {
    names.Give(kFirst, path, false);
    names.TakeAll(kFirst);
  }
  for (const char* const path : {"/a", "/b"}) {
    names.Give(kFirst, path, /*replaced=*/true);
    EXPECT_THAT(names.Of(kFirst), ElementsAre(path));
    names.TakeAll(kFirst);
  }
  names.Give(kFirst, "/c", /*replaced=*/true);
  EXPECT_THAT(names.Of(kFirst), IsEmpty());
}

TEST_F(FileNamesTest, OfFilesOnlySoManyNamesAreKeptButOneOfEach) {
  FileNames names(/*max_remembered=*/1);
  for (int i = 0; i < 10; ++i) names.Give(kFirst, "/" + std::to_string(i), false);
  EXPECT_EQ(names.Of(kFirst).size(), 4u);
  names.Give(kSecond, "/second", false);
  EXPECT_THAT(names.Of(kSecond), ElementsAre("/second"));
}

TEST_F(FileNamesTest, AFewGuessesAreMadeFromTheLatestMovesAlone) {
  Give(kFirst, "/link/work/one");
  Move("/real/work", "/real/final");
  for (int i = 0; i < 10; ++i) Move("/real/work", "/real/final");
  EXPECT_THAT(names_.GuessesOf(kFirst), SizeIs(1)) << "the others are where something else was moved to since";
  for (int i = 0; i < 10; ++i) Move("/real/work", "/real/final" + std::to_string(i));
  EXPECT_THAT(names_.GuessesOf(kFirst), SizeIs(4));
  for (int i = 0; i < 10'000; ++i) Move("/a" + std::to_string(i), "/b");
  EXPECT_THAT(names_.GuessesOf(kFirst), IsEmpty());
}

// It is the time limit of the test that fails where a rename costs as much as there is below the directory.
TEST_F(FileNamesTest, ManyRenamesOfADirectoryWithManyFilesCostNoMoreThanOfAnEmptyOne) {
  constexpr uint64_t kFiles = 100'000;
  FileNames names(kFiles);
  for (uint64_t i = 1; i <= kFiles; ++i) names.Give({1, i}, "/work/0/" + std::to_string(i), false);
  for (int i = 0; i < 100'000; ++i) {
    names.Move("/work/" + std::to_string(i), "/work/" + std::to_string(i + 1), /*exchanged=*/false);
  }
  EXPECT_THAT(names.Of({1, 7}), ElementsAre("/work/100000/7"));
}

TEST_F(FileNamesTest, DirectoriesMayBeMovedIntoOneAnotherDeeperThanAnyStack) {
  Give(kFirst, "/0/one");
  for (int i = 0; i < 200'000; ++i) {
    Move("/" + std::to_string(i), "/" + std::to_string(i + 1) + "/" + std::to_string(i));
  }
  EXPECT_GT(names_.Of(kFirst).at(0).size(), 1'000'000u);
  Move("/nothing", "/200000");
  EXPECT_THAT(names_.Of(kFirst), IsEmpty());
}

}  // namespace
}  // namespace fdtrace
