#include "collector/name_patterns.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fdtrace {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

std::string Drawn(std::mt19937& random, const std::string& letters, size_t length) {
  std::string word;
  for (size_t i = 0; i < length; ++i) word += letters[random() % letters.size()];
  return word;
}

constexpr char kPythonsLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr char kLibcsLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

TEST(NamePatternsTest, NumbersBecomeOneStar) {
  EXPECT_THAT(NamePatterns({"log.1", "log.2", "log.10"}), Each("log.*"));
  EXPECT_THAT(NamePatterns({"2024-01-02.csv", "2024-01-03.csv"}), Each("*-*-*.csv"));
}

TEST(NamePatternsTest, ANameOfItsOwnIsKept) {
  EXPECT_THAT(NamePatterns({"log.1"}), ElementsAre("log.1"));
  EXPECT_THAT(NamePatterns({"tmpab12cd"}), ElementsAre("tmpab12cd"));
  EXPECT_THAT(NamePatterns({"config.json", "states.json", "README", "Makefile"}),
              ElementsAre("config.json", "states.json", "README", "Makefile"));
}

TEST(NamePatternsTest, NamesDrawnByPythonAreOnePattern) {
  std::mt19937 random(1);
  std::vector<std::string> names(40);
  for (std::string& name : names) name = "tmp" + Drawn(random, kPythonsLetters, 8);
  EXPECT_THAT(NamePatterns(names), Each("tmp*"));
}

TEST(NamePatternsTest, NamesDrawnByLibcAreOnePatternEvenOfTwo) {
  EXPECT_THAT(NamePatterns({"sess-Xa81kQ.dat", "sess-p0ZZrt.dat"}), Each("sess-*.dat"));
  std::mt19937 random(2);
  std::vector<std::string> names(40);
  for (std::string& name : names) name = "work." + Drawn(random, kLibcsLetters, 6);
  EXPECT_THAT(NamePatterns(names), Each("work.*"));
}

TEST(NamePatternsTest, SeveralKindsInOneDirectoryStayApart) {
  std::mt19937 random(3);
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back("tmp" + Drawn(random, kPythonsLetters, 8));
    names.push_back("pip" + Drawn(random, kPythonsLetters, 8));
    names.push_back("job." + std::to_string(1000 + i));
  }
  names.push_back("notes.txt");
  const std::vector<std::string> patterns = NamePatterns(names);
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    EXPECT_EQ(patterns[i], i % 3 == 0 ? "tmp*" : i % 3 == 1 ? "pip*" : "job.*") << names[i];
  }
  EXPECT_EQ(patterns.back(), "notes.txt");
}

TEST(NamePatternsTest, HashesAndUuidsAreOneStar) {
  EXPECT_THAT(
      NamePatterns({"core-6f1c2f0e-5b1f-4c1b-9a39-0ea1cf3d2f11.dmp", "core-00a3b7de-1b77-4aa2-8d0e-aa11bb22cc33.dmp"}),
      Each("core-*.dmp"));
  EXPECT_THAT(NamePatterns({"da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"}),
              Each("*"));
}

TEST(NamePatternsTest, AnyBytesMayBeInAName) {
  const std::string odd = "a\n\xff\xfe (deleted)";
  EXPECT_THAT(NamePatterns({odd, odd + "1", odd + "2", ""}), ElementsAre(odd, odd + "*", odd + "*", ""));
}

TEST(NamePatternsTest, ACoarsePatternFoldsWholeWords) {
  EXPECT_EQ(CoarsePattern("tmpab12cd.txt"), "*.txt");
  EXPECT_EQ(CoarsePattern("log.1"), "log.*");
  EXPECT_EQ(CoarsePattern("notes.txt"), "notes.txt");
}

}  // namespace
}  // namespace fdtrace
