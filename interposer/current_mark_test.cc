// How the test that the process is in comes into the events.
#include "interposer/current_mark.h"

#include <gmock/gmock.h>

#include "interposer/wire_fixture.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

using CurrentMarkTest = WireTest;

std::vector<Event> All() {
  std::vector<Event> events(g_written.size());
  for (size_t i = 0; i < events.size(); ++i) EXPECT_TRUE(events[i].ParseFromString(g_written[i]));
  return events;
}

// Ends the test that it begins.
class RunningTest {
 public:
  explicit RunningTest(const std::string& name) { SetCurrentMark(name.c_str()); }
  ~RunningTest() { SetCurrentMark(nullptr); }
};

TEST_F(CurrentMarkTest, WhatATestOpensAndRunsNamesItsMarkWhichIsToldOnceBefore) {
  {
    const RunningTest test("Parser.Reads");
    WriteOpened(scope_, {.id = 1, .fd = 3, .row = Row::open});
    WriteOpened(scope_, {.id = 2, .fd = 4, .row = Row::open});
    WriteExecuting(scope_, {});
  }
  WriteOpened(scope_, {.id = 3, .fd = 5, .row = Row::open});
  uint64_t key = 0;
  std::vector<uint64_t> marks;
  for (const Event& event : All()) {
    if (event.has_mark()) {
      EXPECT_EQ(key, 0u) << "told twice";
      key = event.mark().key();
      EXPECT_EQ(event.mark().name(), "Parser.Reads");
    }
    if (event.has_opened()) marks.push_back(event.opened().mark());
    if (event.has_executing()) marks.push_back(event.executing().mark());
  }
  EXPECT_NE(key, 0u);
  EXPECT_THAT(marks, ElementsAre(key, key, key, 0u));
}

TEST_F(CurrentMarkTest, TestsOfOneNameHaveOneKeyAndOthersAnother) {
  const auto key_of = [](const std::string& name) {
    const RunningTest test(name);
    return CurrentMark();
  };
  EXPECT_EQ(key_of("a"), key_of("a"));
  EXPECT_NE(key_of("a"), key_of("b"));
  EXPECT_EQ(key_of(""), 0u);
}

TEST_F(CurrentMarkTest, ALongNameOfATestIsCut) {
  const std::string name(5000, 't');
  const RunningTest test(name);
  WriteMark(scope_, CurrentMark());
  EXPECT_EQ(Last().mark().name(), name.substr(0, kMaxMarkBytes));
}

TEST_F(CurrentMarkTest, TheNameOfATestThatHasEndedIsNotToldForAnother) {
  uint64_t key = 0;
  {
    const RunningTest test("first");
    key = CurrentMark();
  }
  const RunningTest test("second");
  WriteMark(scope_, key);
  EXPECT_EQ(Last().mark().key(), key);
  EXPECT_EQ(Last().mark().name(), "");
}

}  // namespace
}  // namespace fdtrace
