#include "viewer/printable.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(Printable, LeavesTextOfAnyLanguageAsItIs) {
  EXPECT_EQ(Printable("/tmp/a b\\c"), "/tmp/a b\\c");
  EXPECT_EQ(Printable("/tmp/\u00e9\u20ac\U0001F600"), "/tmp/\u00e9\u20ac\U0001F600");
  EXPECT_EQ(Printable(""), "");
}

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(Printable("a\nb\x1b[31m"), "a\\x0ab\\x1b[31m");
  EXPECT_EQ(Printable(absl::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b") << "CSI in one character";
}

TEST(Printable, EscapesWhatReordersTheTextAroundIt) {
  EXPECT_EQ(Printable("\u202efdp.exe"), "\\xe2\\x80\\xaefdp.exe");
  EXPECT_EQ(Printable("\u2067"), "\\xe2\\x81\\xa7");
  EXPECT_EQ(Printable("\u061c\u200f\u2028"), "\\xd8\\x9c\\xe2\\x80\\x8f\\xe2\\x80\\xa8");
  EXPECT_EQ(Printable("\u200d\u2010\u202f\u2065\u206a\u05d0"), "\u200d\u2010\u202f\u2065\u206a\u05d0")
      << "Hebrew stays";
}

TEST(Printable, EscapesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Printable("caf\xe9"), "caf\\xe9") << "Latin-1";
  EXPECT_EQ(Printable("\xe2\x82"), "\\xe2\\x82") << "cut off";
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
}

TEST(Printable, ChangesNothingTheSecondTime) {
  const std::string once = Printable("\xff\n\\x");
  EXPECT_EQ(Printable(once), once);
}

}  // namespace
}  // namespace fdtrace
