#include "collector/steady_processor.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace fdtrace {
namespace {

int ProcessorsAllowed() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

class SteadyProcessorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (all_ == 1) GTEST_SKIP() << "with one processor there is nothing to keep to";
  }

  const int all_ = ProcessorsAllowed();
};

TEST_F(SteadyProcessorTest, StaysWhereItFellAsleep) {
  SteadyProcessor processor;
  EXPECT_EQ(ProcessorsAllowed(), all_);
  processor.Keep(0, /*sleeps=*/true);
  EXPECT_EQ(ProcessorsAllowed(), 1);
  processor.Keep(kSteadyNs - 1, /*sleeps=*/true);
  EXPECT_EQ(ProcessorsAllowed(), 1);
}

TEST_F(SteadyProcessorTest, MayGoElsewhereAfterAWhile) {
  SteadyProcessor processor;
  processor.Keep(0, /*sleeps=*/true);
  processor.Keep(kSteadyNs, /*sleeps=*/true);
  EXPECT_EQ(ProcessorsAllowed(), all_);
  processor.Keep(kSteadyNs, /*sleeps=*/true);
  EXPECT_EQ(ProcessorsAllowed(), 1);
}

TEST_F(SteadyProcessorTest, IsFreeWhileItIsBusy) {
  SteadyProcessor processor;
  processor.Keep(0, /*sleeps=*/false);
  EXPECT_EQ(ProcessorsAllowed(), all_);
  processor.Keep(0, /*sleeps=*/true);
  processor.Keep(kSteadyNs, /*sleeps=*/false);
  EXPECT_EQ(ProcessorsAllowed(), all_);
}

TEST_F(SteadyProcessorTest, LeavesTheThreadAsItWas) {
  {
    SteadyProcessor processor;
    processor.Keep(0, /*sleeps=*/true);
  }
  EXPECT_EQ(ProcessorsAllowed(), all_);
}

}  // namespace
}  // namespace fdtrace
