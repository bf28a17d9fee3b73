#include "findings/pattern.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

TEST(Pattern, OccursAnywhereInAName) {
  EXPECT_TRUE(PatternMatches("load", "ns::load_config(int)"));
  EXPECT_FALSE(PatternMatches("load", "ns::store_config(int)"));
  EXPECT_TRUE(PatternMatches("", "anything"));
}

TEST(Pattern, IsBoundToAnEndByACaretOrADollar) {
  EXPECT_TRUE(PatternMatches("^load", "load_config"));
  EXPECT_FALSE(PatternMatches("^load", "reload"));
  EXPECT_TRUE(PatternMatches("load$", "reload"));
  EXPECT_FALSE(PatternMatches("load$", "load_config"));
  EXPECT_TRUE(PatternMatches("^load$", "load"));
  EXPECT_FALSE(PatternMatches("^load$", "load load"));
  EXPECT_TRUE(PatternMatches("^$", ""));
  EXPECT_FALSE(PatternMatches("^$", "x"));
}

TEST(Pattern, HasStarsForAnything) {
  EXPECT_TRUE(PatternMatches("^/tmp/*.log$", "/tmp/a/b.log"));
  EXPECT_TRUE(PatternMatches("^/tmp/*.log$", "/tmp/.log"));
  EXPECT_FALSE(PatternMatches("^/tmp/*.log$", "/tmp/b.log.1"));
  EXPECT_TRUE(PatternMatches("^a*b*c$", "a-b-b-c"));
  EXPECT_FALSE(PatternMatches("^a*bc*c$", "abc"));
  EXPECT_TRUE(PatternMatches("x*", "axb"));
  EXPECT_TRUE(PatternMatches("*$", "x"));
  EXPECT_TRUE(PatternMatches("**", ""));
  EXPECT_FALSE(PatternMatches("^ab*ab$", "ab"));  // the two pieces are not one text
}

TEST(Pattern, TakesOtherSignsAsTheyAre) {
  EXPECT_TRUE(PatternMatches("Outer$Inner", "Outer$Inner.run"));
  EXPECT_TRUE(PatternMatches("f(int, char^)", "f(int, char^)"));
  EXPECT_TRUE(PatternMatches("[a].?", "x[a].?"));
}

}  // namespace
}  // namespace fdtrace
