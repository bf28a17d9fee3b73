#include "interposer/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fdtrace {

bool HelloIsPermitted() { return true; }
bool IsReadable(const void* address) { return address != nullptr && address != reinterpret_cast<void*>(8); }

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

char* Text(const std::string& text) { return const_cast<char*>(text.c_str()); }

// What a program gets that is run with ENTRIES.
std::vector<std::string> g_passed;
std::vector<std::string> Passed(const std::vector<std::string>& entries) {
  g_passed.clear();
  std::vector<char*> pointers;
  pointers.reserve(entries.size() + 1);
  for (const std::string& entry : entries) pointers.push_back(Text(entry));
  pointers.push_back(nullptr);
  WithOurs(pointers.data(), [](char* const* passed) {
    for (; *passed != nullptr; ++passed) g_passed.emplace_back(*passed);
    return 0;
  });
  return g_passed;
}

// In a directory of the test's own.
constexpr char kLibrary[] = "./libfdtrace.so";

class EnvironmentTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    char directory[] = "/tmp/environment_test.XXXXXX";
    std::filesystem::current_path(mkdtemp(directory));
    std::ofstream(kLibrary) << "";
    const std::vector<std::string> own = {std::string("LD_PRELOAD=") + kLibrary + ":/x.so",
                                          "FDTRACE_SESSION=name:c00c1e"};
    char* const environment[] = {Text(own[0]), Text(own[1]), nullptr};
    ReadOwnEnvironment(environment);
  }
  static void TearDownTestSuite() {
    const std::filesystem::path directory = std::filesystem::current_path();
    std::filesystem::current_path("/");
    std::filesystem::remove_all(directory);
  }
};

TEST_F(EnvironmentTest, AnEmptyOneGetsAllThatIsOurs) {
  EXPECT_THAT(Passed({}), ElementsAre("LD_PRELOAD=./libfdtrace.so", "FDTRACE_SESSION=name:c00c1e",
                                      "ASAN_OPTIONS=verify_asan_link_order=0"));
  EXPECT_TRUE(WithOurs(nullptr, [](char* const* passed) { return passed[3] == nullptr; }));
}

TEST_F(EnvironmentTest, ACompleteOneIsPassedOnAsItIs) {
  char preload[] = "LD_PRELOAD=/a.so:./libfdtrace.so";
  char session[] = "FDTRACE_SESSION=name:c00c1e";
  char sanitizer[] = "ASAN_OPTIONS=a=1:verify_asan_link_order=0";
  char* const environment[] = {preload, session, sanitizer, nullptr};
  EXPECT_TRUE(WithOurs(environment, [&](char* const* passed) { return passed == environment; }));
}

TEST_F(EnvironmentTest, WhatTheProgramHasItselfIsKeptInItsPlace) {
  EXPECT_THAT(Passed({"A=1", "LD_PRELOAD=/theirs.so", "B=2", "ASAN_OPTIONS=a=1"}),
              ElementsAre("A=1", "LD_PRELOAD=./libfdtrace.so:/theirs.so", "B=2",
                          "ASAN_OPTIONS=a=1:verify_asan_link_order=0", "FDTRACE_SESSION=name:c00c1e"));
  EXPECT_THAT(Passed({"LD_PRELOAD=/a.so:./libfdtrace.so", "ASAN_OPTIONS="}),
              ElementsAre("LD_PRELOAD=/a.so:./libfdtrace.so", "ASAN_OPTIONS=verify_asan_link_order=0",
                          "FDTRACE_SESSION=name:c00c1e"));
}

TEST_F(EnvironmentTest, ARecordingWithinOursKeepsItsOwnSession) {
  EXPECT_THAT(Passed({"FDTRACE_SESSION=inner:1"}), ElementsAre("FDTRACE_SESSION=inner:1"));
}

TEST_F(EnvironmentTest, WhatCannotBeReadIsForTheKernelToRefuse) {
  char* const bad_entry[] = {reinterpret_cast<char*>(8), nullptr};
  for (char* const* bad : {reinterpret_cast<char* const*>(8), bad_entry}) {
    EXPECT_TRUE(WithOurs(bad, [&](char* const* passed) { return passed == bad; }));
  }
}

TEST_F(EnvironmentTest, OneThatWeMakeTooLargeIsTriedAsItWas) {
  char* const environment[] = {nullptr};
  int calls = 0;
  WithOurs(environment, [&](char* const* passed) {
    ++calls;
    EXPECT_EQ(passed == environment, calls == 2);
    errno = E2BIG;
    return -1;
  });
  EXPECT_EQ(calls, 2);
}

TEST_F(EnvironmentTest, ALibraryThatCannotBeFoundIsTakenOut) {
  std::filesystem::rename(kLibrary, "./elsewhere");
  EXPECT_THAT(Passed({"A=1", "LD_PRELOAD=/a.so:./libfdtrace.so /b.so", "FDTRACE_SESSION=name:c00c1e"}),
              ElementsAre("A=1", "LD_PRELOAD=/a.so:/b.so"));
  EXPECT_THAT(Passed({"A=1"}), ElementsAre("A=1"));
  std::filesystem::rename("./elsewhere", kLibrary);
}

TEST_F(EnvironmentTest, AProgramWhoseLibrariesAreOnlyListedDoesNotHaveOursInTheList) {
  EXPECT_THAT(Passed({"LD_TRACE_LOADED_OBJECTS=1", "LD_PRELOAD=./libfdtrace.so:/a.so"}),
              ElementsAre("LD_TRACE_LOADED_OBJECTS=1", "LD_PRELOAD=/a.so"));
  EXPECT_THAT(Passed({"LD_TRACE_LOADED_OBJECTS=", "LD_PRELOAD=./libfdtrace.so:/a.so"}),
              ::testing::Contains("LD_PRELOAD=./libfdtrace.so:/a.so"));
}

TEST_F(EnvironmentTest, OneTooLargeForTheStackIsPassedOnAsItIs) {
  EXPECT_EQ(Passed(std::vector<std::string>(100'000, "A=1")).size(), 100'000u);
  EXPECT_EQ(Passed({"LD_PRELOAD=" + std::string(100'000, 'x')}).size(), 1u);
}

// The last, for there is no way back.
TEST_F(EnvironmentTest, ASessionForgottenIsGivenToNoProgram) {
  ForgetSession();
  EXPECT_THAT(Passed({"LD_PRELOAD=./libfdtrace.so", "FDTRACE_SESSION=name:c00c1e"}), IsEmpty());
  EXPECT_THAT(Passed({"A=1"}), ElementsAre("A=1"));
}

}  // namespace
}  // namespace fdtrace
