#include "cli/preload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace fdtrace {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(PreloadTest, UsesAnOrdinaryPathAsItIs) {
  const auto library = PreloadLibrary::At("/opt/fdtrace/libfdtrace.so");
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_EQ((*library)->path(), "/opt/fdtrace/libfdtrace.so");
}

TEST(PreloadTest, LinksAPathThatTheLoaderWouldSplitOrExpand) {
  for (const char* path : {"/opt/my tools/lib.so", "/opt/a:b/lib.so", "/opt/$LIB/lib.so"}) {
    std::string link;
    {
      const auto library = PreloadLibrary::At(path);
      ASSERT_TRUE(library.ok()) << library.status();
      link = (*library)->path();
      EXPECT_THAT(link, Not(ContainsRegex("[ :$]")));
      EXPECT_EQ(std::filesystem::read_symlink(link), path);
    }
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(link).parent_path())) << link;
  }
}

TEST(PreloadTest, LeavesTheLinkToProcessesThatLiveOn) {
  std::string link;
  {
    auto library = PreloadLibrary::At("/opt/my tools/lib.so");
    ASSERT_TRUE(library.ok()) << library.status();
    link = (*library)->path();
    (*library)->LeaveBehind();
  }
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  std::filesystem::remove_all(std::filesystem::path(link).parent_path());
}

TEST(PreloadTest, ComesBeforeOtherPreloadsAndOnce) {
  EXPECT_THAT(TracedEnvironment({"A=1", "LD_PRELOAD=/x.so /y.so:/us.so", "B="}, "/us.so", "s:c"),
              ElementsAre("A=1", "LD_PRELOAD=/us.so:/x.so:/y.so", "B=", "FDTRACE_SESSION=s:c",
                          "ASAN_OPTIONS=verify_asan_link_order=0"));
}

TEST(PreloadTest, TakesThePlaceOfTheLibraryOfAnotherRecording) {
  EXPECT_THAT(TracedEnvironment({"LD_PRELOAD=/tmp/fdtrace.abc/libfdtrace.so:/x.so", "FDTRACE_SESSION=s:c",
                                 "ASAN_OPTIONS=verify_asan_link_order=0"},
                                "/opt/libfdtrace.so", "t:d"),
              ElementsAre("LD_PRELOAD=/opt/libfdtrace.so:/x.so", "FDTRACE_SESSION=t:d",
                          "ASAN_OPTIONS=verify_asan_link_order=0"));
}

TEST(PreloadTest, ReplacesAnOuterSessionAndAddsToSanitizerOptions) {
  EXPECT_THAT(
      TracedEnvironment({"FDTRACE_SESSION=outer", "ASAN_OPTIONS=detect_leaks=0"}, "/us.so", "s:c"),
      ElementsAre("FDTRACE_SESSION=s:c", "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0", "LD_PRELOAD=/us.so"));
}

}  // namespace
}  // namespace fdtrace
