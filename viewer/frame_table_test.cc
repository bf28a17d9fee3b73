#include "viewer/frame_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> FunctionsOf(const FrameTable& table, uint32_t stack) {
  std::vector<std::string> functions;
  for (const Frame* const frame : table.Of(stack)) functions.push_back(frame->function());
  return functions;
}

TEST(FrameTable, ShowsEachInlinedFunctionBeforeTheOneThatHasIt) {
  TraceMaker trace;
  TraceSymbol& symbol = trace.AddSymbol(1, 0x10, "inlined", "a.cc", 3);
  TraceMaker::AddPlace(symbol, "around", "a.cc", 9);
  trace.AddSymbol(1, 0x20, "main", "a.cc", 20);
  const uint32_t stack = trace.AddStack({0x10, 0x20});
  const FrameTable table(*trace);
  EXPECT_THAT(FunctionsOf(table, stack), ElementsAre("inlined", "around", "main"));
  EXPECT_TRUE(table.Of(stack)[0]->inlined());
  EXPECT_FALSE(table.Of(stack)[1]->inlined());
}

TEST(FrameTable, TakesTwoAddressesOfOneLineForOneFrameAndOthersApart) {
  TraceMaker trace;
  trace.AddSymbol(1, 0x10, "load", "a.cc", 3);
  trace.AddSymbol(1, 0x14, "load", "a.cc", 3);
  trace.AddSymbol(1, 0x18, "load", "a.cc", 4);
  const uint32_t stack = trace.AddStack({0x10, 0x14, 0x18, 0x30, 0x34});  // nothing is known of the last two
  const FrameTable table(*trace);
  const std::vector<const Frame*> frames = table.Of(stack);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(frames[0], frames[1]);
  EXPECT_NE(frames[1], frames[2]);
  EXPECT_NE(frames[3], frames[4]);
}

TEST(FrameTable, NumbersFramesInOneOrderWhateverStacksLeadThroughThemFirst) {
  const std::vector<uint64_t> addresses = {0x10, 0x20, 0x30};
  TraceMaker forwards;
  TraceMaker backwards;
  for (TraceMaker* const trace : {&forwards, &backwards}) {
    trace->AddSymbol(1, 0x10, "bravo", "a.cc", 1);
    trace->AddSymbol(1, 0x20, "alpha", "a.cc", 1);
    trace->AddSymbol(1, 0x30, "alphabet", "a.cc", 1);
  }
  forwards.AddStack({0x10, 0x20, 0x30});
  backwards.AddStack({0x30, 0x20, 0x10});
  const FrameTable one(*forwards);
  const FrameTable other(*backwards);
  for (size_t i = 0; i < addresses.size(); ++i) {
    EXPECT_EQ(one.NumberOf(*one.Of(1)[i]), other.NumberOf(*other.Of(1)[addresses.size() - 1 - i])) << i;
  }
  EXPECT_LT(one.NumberOf(*one.Of(1)[1]), one.NumberOf(*one.Of(1)[0]));
}

TEST(FrameTable, KnowsPythonCodeByItsCodeAndLine) {
  TraceMaker trace;
  TracePythonCode& code = trace->python_code.emplace_back();
  code.set_index(1);
  code.set_function("load");
  code.set_file("/app.py");
  TraceStack stack;
  stack.set_index(1);
  for (const uint32_t line : {7, 7, 9}) {
    TraceFrame& frame = *stack.add_frames();
    frame.set_python_code(1);
    frame.set_line(line);
  }
  stack.add_frames()->set_module(1);
  trace->stacks.emplace_back(stack);
  const FrameTable table(*trace);
  const std::vector<const Frame*> frames = table.Of(1);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(frames[0], frames[1]);
  EXPECT_EQ(frames[0]->line(), 7u);
  EXPECT_EQ(frames[2]->line(), 9u);
  EXPECT_EQ(frames[2]->function(), "load");
  EXPECT_EQ(frames[2]->language(), Frame::PYTHON);
  EXPECT_EQ(frames[3]->language(), Frame::NATIVE);
  EXPECT_EQ(frames[3]->module(), kApp);
}

TEST(FrameTable, HasNothingForStacksThatTheTraceDoesNotHave) {
  TraceMaker trace;
  trace.AddStack({0x10});
  const FrameTable table(*trace);
  EXPECT_THAT(table.Of(0), IsEmpty());
  EXPECT_THAT(table.Of(7), IsEmpty());
}

}  // namespace
}  // namespace fdtrace
