// Names are found where the loader finds them.
#include "interposer/next_symbols.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include "interposer/rows.h"

namespace fdtrace {
namespace {

const void* Libc() { return reinterpret_cast<const void*>(&gnu_get_libc_version); }

TEST(NextSymbols, AreThoseThatTheLoaderFinds) {
  const NextSymbols symbols(Libc());
  size_t known = 0;
  for (const auto& row : kRows) {
    void* const expected = dlsym(RTLD_NEXT, row.name());
    EXPECT_EQ(symbols.Find(row.name(), row.hash), expected) << row.name();
    known += expected != nullptr;
  }
  EXPECT_GT(known, 250u);
}

TEST(NextSymbols, OfCodeThatIsChosenAtRunTimeAreLeftToTheLoader) {
  EXPECT_EQ(NextSymbols(Libc()).Find("rawmemchr", GnuHashOf("rawmemchr")), nullptr);
  EXPECT_NE(dlsym(RTLD_NEXT, "rawmemchr"), nullptr);
}

TEST(NextSymbols, ThatNoObjectDefinesAreNotFound) {
  EXPECT_EQ(NextSymbols(Libc()).Find("fdtrace_has_no_such_function", GnuHashOf("fdtrace_has_no_such_function")),
            nullptr);
}

TEST(NextSymbols, AreNoneWhereLibcIsNotAmongTheObjects) {
  EXPECT_EQ(NextSymbols(nullptr).Find("close", GnuHashOf("close")), nullptr);
  const int elsewhere = 0;
  EXPECT_EQ(NextSymbols(&elsewhere).Find("close", GnuHashOf("close")), nullptr);
}

}  // namespace
}  // namespace fdtrace
