#include "interposer/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fdtrace {

bool HelloIsPermitted() { return true; }

namespace {

using ::testing::ElementsAre;

char* Text(const std::string& text) { return const_cast<char*>(text.c_str()); }

// What a program gets that is run with ENTRIES.
std::vector<std::string> Passed(const std::vector<std::string>& entries) {
  std::vector<char*> pointers;
  for (const std::string& entry : entries) pointers.push_back(Text(entry));
  pointers.push_back(nullptr);
  return WithOurs(pointers.data(), [](char* const* passed) {
    std::vector<std::string> all;
    for (; *passed != nullptr; ++passed) all.emplace_back(*passed);
    return all;
  });
}

class EnvironmentTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::vector<std::string> own = {"LD_PRELOAD=/opt/fdtrace/libfdtrace.so:/x.so", "FDTRACE_SESSION=name:c00c1e"};
    char* const environment[] = {Text(own[0]), Text(own[1]), nullptr};
    ReadOwnEnvironment(environment);
  }
};

TEST_F(EnvironmentTest, AnEmptyOneGetsAllThatIsOurs) {
  EXPECT_THAT(Passed({}), ElementsAre("LD_PRELOAD=/opt/fdtrace/libfdtrace.so", "FDTRACE_SESSION=name:c00c1e",
                                      "ASAN_OPTIONS=verify_asan_link_order=0"));
  EXPECT_TRUE(WithOurs(nullptr, [](char* const* passed) { return passed[3] == nullptr; }));
}

TEST_F(EnvironmentTest, ACompleteOneIsPassedOnAsItIs) {
  char preload[] = "LD_PRELOAD=/a.so:/opt/fdtrace/libfdtrace.so";
  char session[] = "FDTRACE_SESSION=name:c00c1e";
  char sanitizer[] = "ASAN_OPTIONS=a=1:verify_asan_link_order=0";
  char* const environment[] = {preload, session, sanitizer, nullptr};
  EXPECT_TRUE(WithOurs(environment, [&](char* const* passed) { return passed == environment; }));
}

TEST_F(EnvironmentTest, WhatTheProgramHasItselfIsKeptInItsPlace) {
  EXPECT_THAT(Passed({"A=1", "LD_PRELOAD=/theirs.so", "B=2", "ASAN_OPTIONS=a=1"}),
              ElementsAre("A=1", "LD_PRELOAD=/opt/fdtrace/libfdtrace.so:/theirs.so", "B=2",
                          "ASAN_OPTIONS=a=1:verify_asan_link_order=0", "FDTRACE_SESSION=name:c00c1e"));
  EXPECT_THAT(Passed({"LD_PRELOAD=/a.so:/opt/fdtrace/libfdtrace.so", "ASAN_OPTIONS="}),
              ElementsAre("LD_PRELOAD=/a.so:/opt/fdtrace/libfdtrace.so", "ASAN_OPTIONS=verify_asan_link_order=0",
                          "FDTRACE_SESSION=name:c00c1e"));
}

TEST_F(EnvironmentTest, ARecordingWithinOursKeepsItsOwnSession) {
  EXPECT_THAT(Passed({"FDTRACE_SESSION=inner:1"}), ElementsAre("FDTRACE_SESSION=inner:1"));
}

TEST_F(EnvironmentTest, OneTooLargeForTheStackIsPassedOnAsItIs) {
  EXPECT_EQ(Passed(std::vector<std::string>(100'000, "A=1")).size(), 100'000u);
  EXPECT_EQ(Passed({"LD_PRELOAD=" + std::string(100'000, 'x')}).size(), 1u);
}

// The last, for there is no way back.
TEST_F(EnvironmentTest, ASessionForgottenIsGivenToNoProgram) {
  ForgetSession();
  EXPECT_THAT(Passed({"LD_PRELOAD=/opt/fdtrace/libfdtrace.so", "FDTRACE_SESSION=name:c00c1e"}),
              ElementsAre("LD_PRELOAD=/opt/fdtrace/libfdtrace.so",
                          "FDTRACE_SESSION=", "ASAN_OPTIONS=verify_asan_link_order=0"));
  EXPECT_THAT(Passed({}), ::testing::Not(::testing::Contains(::testing::HasSubstr("c00c1e"))));
}

}  // namespace
}  // namespace fdtrace
