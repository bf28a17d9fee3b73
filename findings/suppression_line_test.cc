#include "findings/suppression_line.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

Frame FrameOf(const std::string& function, const std::string& file, const std::string& module) {
  Frame frame;
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(file.empty() ? 0 : 3);
  frame.set_module(module);
  return frame;
}

std::string Suppression(std::initializer_list<Frame> frames) {
  return SuppressionLine("leak", Frames(frames.begin(), frames.end()));
}

TEST(SuppressionLine, IsTheInnermostFunctionOfTheProgramsOwn) {
  EXPECT_EQ(
      Suppression({FrameOf("fopen", "", kLibc), FrameOf("std::ifstream::open", "/usr/include/c++/12/fstream", kApp),
                   FrameOf("load", "/src/load.cc", kApp), FrameOf("main", "/src/main.cc", kApp)}),
      "leak:^load$");
}

TEST(SuppressionLine, OfPythonIsTheUsersCodeAndNotItsPackages) {
  Frame package = FrameOf("get", "/venv/lib/python3.11/site-packages/requests/api.py", "");
  Frame own = FrameOf("Exporter.open_part.<locals>.<lambda>", "/src/app.py", "");
  package.set_language(Frame::PYTHON);
  own.set_language(Frame::PYTHON);
  EXPECT_EQ(Suppression({package, own}), "leak:^Exporter.open_part.<locals>.<lambda>$");
}

TEST(SuppressionLine, HasTheNameWholeAndAsItIs) {
  const std::string name = "int ns::Load<std::vector<int, std::allocator<int> > >(char const*) const [clone .cold]";
  EXPECT_EQ(Suppression({FrameOf(name, "/src/load.cc", kApp)}), "leak:^" + name + "$");
  EXPECT_EQ(Suppression({FrameOf("(anonymous namespace)::operator*(a b)#1", "/src/load.cc", kApp)}),
            "leak:^(anonymous namespace)::operator*(a b)#1$");
}

TEST(SuppressionLine, IsEmptyWhereNoNameIsKnown) {
  EXPECT_EQ(Suppression({}), "");
  EXPECT_EQ(Suppression({FrameOf("", "", kApp)}), "");
  EXPECT_EQ(Suppression({FrameOf("fopen", "", kLibc), FrameOf("", "", kApp)}), "");
}

TEST(SuppressionLine, IsEmptyWhereItWouldSuppressEveryUserOfTheCLibrary) {
  EXPECT_EQ(Suppression({FrameOf("fopen", "", kLibc)}), "");
}

TEST(SuppressionLine, NamesTheKindOfTheRow) {
  const Frame frame = FrameOf("spool", "/src/spool.cc", kApp);
  EXPECT_EQ(SuppressionLine("pinned", Frames(&frame, &frame + 1)), "pinned:^spool$");
}

}  // namespace
}  // namespace fdtrace
