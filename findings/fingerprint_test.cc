#include "findings/fingerprint.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace fdtrace {
namespace {

struct Place {
  std::string function, file, module;
  uint32_t line = 1;
};

std::string Of(std::initializer_list<Place> places, const std::string& call = "open") {
  Frames stack;
  for (const Place& place : places) {
    Frame& frame = *stack.Add();
    frame.set_function(place.function);
    frame.set_file(place.file);
    frame.set_module(place.module);
    frame.set_line(place.line);
  }
  return Fingerprint("leak", call, stack, "");
}

TEST(Fingerprint, IsTheSameAfterLinesHaveMoved) {
  EXPECT_EQ(Of({{"load", "load.c", "app", 7}, {"main", "main.c", "app", 9}}),
            Of({{"load", "load.c", "app", 70}, {"main", "main.c", "app", 900}}));
}

TEST(Fingerprint, IsTheSameInAnotherBuildDirectory) {
  EXPECT_EQ(Of({{"load", "../src/load.c", "/home/me/build/app"}}), Of({{"load", "/ci/7/src/load.c", "/ci/7/out/app"}}));
}

TEST(Fingerprint, IsTheSameWithAnotherVersionOfALibrary) {
  EXPECT_EQ(Of({{"get", "", "/usr/lib/libssl.so.3"}}), Of({{"get", "", "/opt/lib/libssl.so.3.0.1"}}));
}

TEST(Fingerprint, IsTheSameHoweverDeepAFunctionCallsItself) {
  const Place walk = {"walk", "walk.c", "app"}, start = {"main", "walk.c", "app"};
  EXPECT_EQ(Of({walk, start}), Of({walk, walk, walk, start}));
}

TEST(Fingerprint, TellsFunctionsFilesModulesCallsAndKindsApart) {
  const std::string one = Of({{"load", "load.c", "app"}});
  EXPECT_NE(one, Of({{"store", "load.c", "app"}}));
  EXPECT_NE(one, Of({{"load", "store.c", "app"}}));
  EXPECT_NE(one, Of({{"load", "load.c", "server"}}));
  EXPECT_NE(one, Of({{"load", "load.c", "app"}}, "socket"));
  EXPECT_NE(one, Of({{"load", "load.c", "app"}, {"main", "load.c", "app"}}));
  EXPECT_NE(Fingerprint("leak", "open", {}, "file"), Fingerprint("pinned", "open", {}, "file"));
}

TEST(Fingerprint, OfRowsWithoutAStackIsTheirDetail) {
  EXPECT_NE(Fingerprint("leak", "open", {}, "file"), Fingerprint("leak", "open", {}, "directory"));
}

// What baselines and other tools keep must not change with the version of fdtrace.
TEST(Fingerprint, StaysWhatItIs) { EXPECT_EQ(Of({{"load", "load.c", "app"}}), "0a411a8ce708a67b"); }

}  // namespace
}  // namespace fdtrace
