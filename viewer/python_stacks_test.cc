#include "viewer/python_stacks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "viewer/advice.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPython[] = "/usr/bin/python3.11";

Frame Native(const std::string& function, const std::string& module = kPython) {
  Frame frame;
  frame.set_function(function);
  frame.set_module(module);
  return frame;
}

Frame Python(const std::string& function, const std::string& file = "/home/me/app.py") {
  Frame frame;
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(7);
  frame.set_language(Frame::PYTHON);
  return frame;
}

class Stack {
 public:
  explicit Stack(std::vector<Frame> frames) : frames_(std::move(frames)) {
    for (const Frame& frame : frames_) pointers_.push_back(&frame);
  }
  Stack(const Stack&) = delete;
  operator FrameSpan() const { return pointers_; }
  std::vector<const Frame*>& pointers() { return pointers_; }

 private:
  std::vector<Frame> frames_;
  std::vector<const Frame*> pointers_;
};

std::vector<std::string> Folded(const std::vector<Frame>& frames) {
  Stack folded(frames);
  FoldInterpreter({kPython}, folded.pointers());
  std::vector<std::string> functions;
  for (const Frame* const frame : folded.pointers()) functions.push_back(frame->function());
  return functions;
}

TEST(FoldInterpreter, LeavesPythonCodeAndOtherNativeCode) {
  EXPECT_THAT(Folded({Native("unixOpen", "/usr/lib/libsqlite3.so.0"), Native("connect"), Python("load"),
                      Native("_PyEval_EvalFrameDefault"), Native("callback", "/home/me/extension.so"), Native("call"),
                      Python("main"), Native("Py_RunMain")}),
              ElementsAre("unixOpen", "load", "callback", "main"));
}

TEST(FoldInterpreter, LeavesAStackWithoutPythonCodeAsItIs) {
  EXPECT_THAT(Folded({Native("open_code"), Native("Py_InitializeFromConfig"), Native("main")}),
              ElementsAre("open_code", "Py_InitializeFromConfig", "main"));
}

TEST(IsCollected, IsWhatAnObjectsEndCloses) {
  EXPECT_TRUE(
      IsCollected({kPython}, Stack({Native("internal_close"), Native("_io.FileIO.tp_dealloc"), Python("main")})));
  EXPECT_TRUE(
      IsCollected({kPython}, Stack({Native("sock_finalize"), Native("PyObject_CallFinalizer"), Python("main")})));
  EXPECT_TRUE(IsCollected(
      {kPython}, Stack({Native("close_it", "/home/me/extension.so"), Native("thing_dealloc", "/home/me/extension.so"),
                        Native("subtype_dealloc"), Python("main")})));
  EXPECT_TRUE(
      IsCollected({kPython}, Stack({Native("os_close"), Python("Holder.__del__"), Native("slot"), Python("main")})));
}

TEST(IsCollected, IsNotWhatTheProgramCloses) {
  EXPECT_FALSE(
      IsCollected({kPython}, Stack({Native("internal_close"), Native("PyObject_Vectorcall"), Python("main")})));
  EXPECT_FALSE(
      IsCollected({kPython}, Stack({Native("os_close"), Python("close_all"), Native("_Py_Dealloc"), Python("main")})))
      << "what is freed further out is something else";
  EXPECT_FALSE(IsCollected({kPython}, Stack({})));
}

TEST(IsCollected, IsNotWhatAnotherLibrarysFunctionOfSuchANameCloses) {
  EXPECT_FALSE(IsCollected(
      {}, Stack({Native("close_log", "/app"), Native("__cxa_finalize", "/libc.so.6"), Native("_dl_fini", "/ld.so")})));
  EXPECT_FALSE(IsCollected({kPython}, Stack({Native("session_dealloc", "/libx.so"), Native("close_it", "/libx.so"),
                                             Native("call"), Python("main")})));
}

TEST(AdviceOn, IsGivenByTheFunctionThatOpens) {
  constexpr char kTempfile[] = "/usr/lib/python3.11/tempfile.py";
  EXPECT_THAT(AdviceOn(Stack({Python("_mkstemp_inner", kTempfile), Python("mkstemp", kTempfile), Python("main")})),
              HasSubstr("os.close"));
  EXPECT_THAT(AdviceOn(Stack({Python("_mkstemp_inner", kTempfile), Python("NamedTemporaryFile", kTempfile)})),
              HasSubstr("with block"));
  EXPECT_THAT(AdviceOn(Stack({Native("pysqlite_connect", "/usr/lib/python3.11/lib-dynload/_sqlite3.cpython-311.so"),
                              Python("main")})),
              HasSubstr("closing()"));
}

TEST(AdviceOn, IsNotGivenElsewhere) {
  EXPECT_THAT(AdviceOn(Stack({Python("mkstemp", "/home/me/mytempfile.py"), Python("main")})), IsEmpty());
  EXPECT_THAT(AdviceOn(Stack({Native("mkstemp", "/usr/lib/libc.so.6"), Native("main", "/home/me/app")})), IsEmpty());
}

}  // namespace
}  // namespace fdtrace
