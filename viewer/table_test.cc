#include "viewer/table.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(Table, CountsCharactersNotBytes) {
  EXPECT_EQ(Width("850 µs"), 6u);
  EXPECT_EQ(PadRight("µ", 3), "µ  ");
  EXPECT_EQ(PadLeft("µ", 3), "  µ");
}

TEST(Table, KeepsWhatIsTooLong) {
  EXPECT_EQ(PadRight("config", 3), "config");
  EXPECT_EQ(PadLeft("config", 3), "config");
}

TEST(Table, CutsBetweenCharacters) {
  EXPECT_EQ(CutTo("abcd", 4), "abcd");
  EXPECT_EQ(CutTo("abcde", 4), "abc…");
  EXPECT_EQ(CutTo("ééééé", 4), "ééé…");
}

TEST(Table, LetsOneLongTextNotWidenAColumn) {
  EXPECT_EQ(WidestUpTo({"ab", "abcd", "abcdefghij"}, 5), 4u);
  EXPECT_EQ(WidestUpTo({}, 5), 0u);
}

}  // namespace
}  // namespace fdtrace
