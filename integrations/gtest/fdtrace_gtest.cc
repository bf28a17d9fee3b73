#include "fdtrace_gtest.h"

#include <gtest/gtest.h>

#include <string>

#include "fdtrace.h"

namespace fdtrace {
namespace {

class Marker : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    if (fdtrace_mark != nullptr) fdtrace_mark(name.c_str());
  }
  void OnTestEnd(const testing::TestInfo&) override {
    if (fdtrace_mark != nullptr) fdtrace_mark(nullptr);
  }
};

}  // namespace

void AppendTestListener() { testing::UnitTest::GetInstance()->listeners().Append(new Marker); }  // which owns it

}  // namespace fdtrace
