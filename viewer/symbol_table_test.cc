#include "viewer/symbol_table.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

using Binding = Symbol::Binding;

TEST(SymbolTable, NamesAnAddressWithinAFunction) {
  const SymbolTable table({{0x100, 0x10, Binding::kGlobal, "first"}, {0x200, 0x20, Binding::kLocal, "second"}});
  EXPECT_EQ(table.Find(0x100), "first");
  EXPECT_EQ(table.Find(0x10f), "first");
  EXPECT_EQ(table.Find(0x21f), "second");
}

TEST(SymbolTable, NamesNothingBetweenFunctions) {
  const SymbolTable table({{0x100, 0x10, Binding::kGlobal, "first"}, {0x200, 0x20, Binding::kGlobal, "second"}});
  EXPECT_EQ(table.Find(0xff), "");
  EXPECT_EQ(table.Find(0x110), "") << "a stripped static function may lie here";
  EXPECT_EQ(table.Find(0x220), "");
  EXPECT_EQ(SymbolTable({}).Find(0), "");
}

TEST(SymbolTable, TakesASymbolWithoutSizeForNothing) {
  const SymbolTable table({{0x100, 0, Binding::kGlobal, "label"}});
  EXPECT_EQ(table.Find(0x100), "");
}

TEST(SymbolTable, PrefersTheInnermostOfNestedFunctions) {
  const SymbolTable table({{0x100, 0x100, Binding::kGlobal, "outer"}, {0x140, 0x10, Binding::kGlobal, "inner"}});
  EXPECT_EQ(table.Find(0x13f), "outer");
  EXPECT_EQ(table.Find(0x140), "inner");
  EXPECT_EQ(table.Find(0x150), "outer");
}

TEST(SymbolTable, PrefersTheNameForPeople) {
  const SymbolTable table({{0x100, 8, Binding::kWeak, "open"},
                           {0x100, 8, Binding::kWeak, "__open"},
                           {0x100, 8, Binding::kLocal, "op"},
                           {0x100, 8, Binding::kWeak, "open64"}});
  EXPECT_EQ(table.Find(0x104), "open");
}

}  // namespace
}  // namespace fdtrace
