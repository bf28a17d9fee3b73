#include <gtest/gtest.h>

#include "fdtrace_gtest.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  fdtrace::AppendTestListener();
  return RUN_ALL_TESTS();
}
