#include "viewer/bad_closes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;

class BadClosesTest : public testing::Test {
 protected:
  BadClosesTest() {
    trace_.AddSymbol(1, 0x10, "start", "/src/app.c", 2);
    trace_.AddSymbol(1, 0x20, "stop", "/src/app.c", 5);
    trace_.AddSymbol(1, 0x30, "finish", "/src/app.c", 7);
    trace_.AddSymbol(1, 0x38, "finish", "/src/app.c", 7);  // another address of the line
    start_ = trace_.AddStack({0x10});
    stop_ = trace_.AddStack({0x20});
    finish_ = trace_.AddStack({0x30});
    finish_too_ = trace_.AddStack({0x38});
  }

  static void SetPlace(TracePlace& place, const std::string& function, uint32_t stack, uint64_t count = 1) {
    place.set_function(function);
    place.set_stack(stack);
    place.set_count(count);
  }

  TraceBadClose& Add(TraceBadClose::Kind kind, uint32_t stack, uint64_t count = 1) {
    TraceBadClose& close = trace_->bad_closes.emplace_back();
    close.set_kind(kind);
    close.set_fd(5);
    close.set_process(1);
    SetPlace(*close.mutable_at(), "close", stack, count);
    if (kind == TraceBadClose::NEVER_OPENED) return close;
    SetPlace(*close.mutable_previously_closed_at(), "shutdown_fd\n", stop_);
    SetPlace(*close.mutable_originally_opened_at(), "open", start_);
    return close;
  }

  TraceMaker trace_;
  uint32_t start_, stop_, finish_, finish_too_;
};

TEST_F(BadClosesTest, HaveTheirThreeStacksTheirThreadsAndAdvice) {
  TraceBadClose& close = Add(TraceBadClose::REUSED, finish_, 3);
  close.set_first_ns(kSecond);
  close.set_thread("main");
  close.set_tid(100);
  close.set_previous_thread("work\ner");
  close.set_previous_tid(101);
  const Report report = trace_.Build();
  ASSERT_EQ(report.bad_closes_size(), 1);
  const BadClose& row = report.bad_closes(0);
  EXPECT_EQ(row.kind(), BadClose::REUSED);
  EXPECT_EQ(row.fd(), 5);
  EXPECT_EQ(row.count(), 3u);
  EXPECT_EQ(row.pid(), 100u);
  EXPECT_EQ(row.first_ns(), int64_t{kSecond});
  ASSERT_EQ(row.stack_size(), 1);
  EXPECT_EQ(row.stack(0).function(), "finish");
  ASSERT_EQ(row.previously_closed_at_size(), 1);
  EXPECT_EQ(row.previously_closed_at(0).function(), "stop");
  ASSERT_EQ(row.originally_opened_at_size(), 1);
  EXPECT_EQ(row.originally_opened_at(0).function(), "start");
  EXPECT_EQ(row.call(), "close");
  EXPECT_EQ(row.previous_call(), "shutdown_fd\\x0a");
  EXPECT_EQ(row.open_call(), "open");
  EXPECT_EQ(row.thread(), "main (100)");
  EXPECT_EQ(row.previous_thread(), "work\\x0aer (101)");
  EXPECT_NE(row.advice(), "");
}

TEST_F(BadClosesTest, ThatLookTheSameAreOneRowOfTheFirst) {
  Add(TraceBadClose::DOUBLE_CLOSE, finish_, 3).set_first_ns(20);
  TraceBadClose& first = Add(TraceBadClose::DOUBLE_CLOSE, finish_too_, 4);
  first.set_first_ns(10);
  first.set_fd(9);
  Add(TraceBadClose::USE_AFTER_CLOSE, finish_).mutable_at()->set_function("read");
  const Report report = trace_.Build();
  ASSERT_EQ(report.bad_closes_size(), 2);
  EXPECT_EQ(report.bad_closes(0).count(), 7u);
  EXPECT_EQ(report.bad_closes(0).fd(), 9);
  EXPECT_EQ(report.bad_closes(1).call(), "read");
}

TEST_F(BadClosesTest, StandInTheOrderOfWhatTheyMayDo) {
  Add(TraceBadClose::NEVER_OPENED, finish_, 1000);
  Add(TraceBadClose::USE_AFTER_CLOSE, finish_, 100);
  Add(TraceBadClose::DOUBLE_CLOSE, finish_, 2);
  Add(TraceBadClose::CLOSED_BENEATH_STREAM, finish_, 3);
  const Report report = trace_.Build();
  std::vector<std::string> kinds;
  for (const BadClose& row : report.bad_closes()) kinds.push_back(BadClose::Kind_Name(row.kind()));
  EXPECT_THAT(kinds, ElementsAre("CLOSED_BENEATH_STREAM", "DOUBLE_CLOSE", "USE_AFTER_CLOSE", "NEVER_OPENED"));
}

}  // namespace
}  // namespace fdtrace
