#include "viewer/frames.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

Frame MakeFrame(const std::string& function, const std::string& file, uint32_t line, const std::string& module) {
  Frame frame;
  frame.set_function(function);
  frame.set_file(file);
  frame.set_line(line);
  frame.set_module(module);
  return frame;
}

constexpr char kLibc[] = "/usr/lib/x86_64-linux-gnu/libc.so.6";

std::string OwnFunction(std::initializer_list<Frame> frames) {
  const Frames all(frames.begin(), frames.end());
  const Frame* own = OwnFrame(all);
  return own == nullptr ? "none" : own->function();
}

TEST(OwnFrame, IsTheFirstWithSourceThatIsNotTheSystems) {
  EXPECT_EQ(OwnFunction({MakeFrame("fopen", "/build/glibc/iofopen.c", 75, kLibc),
                         MakeFrame("png_open", "/build/libpng/png.c", 7, "/usr/lib/x86_64-linux-gnu/libpng16.so.16"),
                         MakeFrame("load", "/home/me/load.c", 12, "/home/me/app"),
                         MakeFrame("main", "/home/me/main.c", 3, "/home/me/app")}),
            "load");
}

TEST(OwnFrame, PassesOverTheStandardLibraryInlinedIntoTheUsersCode) {
  EXPECT_EQ(OwnFunction({MakeFrame("std::ifstream::open", "/usr/include/c++/12/fstream", 650, "/home/me/app"),
                         MakeFrame("load", "/home/me/load.cc", 12, "/home/me/app")}),
            "load");
}

TEST(OwnFrame, OfPythonIsTheUsersBeforePackagesBeforeTheStandardLibrary) {
  const auto python = [](const std::string& function, const std::string& file) {
    Frame frame = MakeFrame(function, file, 3, "");
    frame.set_language(Frame::PYTHON);
    return frame;
  };
  const Frame standard = python("mkstemp", "/usr/lib/python3.11/tempfile.py");
  const Frame frozen = python("import_module", "<frozen importlib._bootstrap>");
  const Frame package = python("get", "/home/me/venv/lib/python3.11/site-packages/requests/api.py");
  const Frame own = python("main", "/home/me/app.py");
  EXPECT_EQ(OwnFunction({standard, frozen, package, own}), "main");
  EXPECT_EQ(OwnFunction({standard, package}), "get");
  EXPECT_EQ(OwnFunction({frozen, standard}), "import_module");
  EXPECT_EQ(OwnFunction({MakeFrame("unixOpen", "", 0, "/usr/lib/libsqlite3.so.0"), standard}), "mkstemp");
  EXPECT_EQ(OwnFunction({MakeFrame("load", "/home/me/load.cc", 12, "/home/me/app"), own}), "load");
}

TEST(IsPythonInterpreter, IsToldByTheNameOfItsFile) {
  EXPECT_TRUE(IsPythonInterpreter("/usr/bin/python3.11"));
  EXPECT_TRUE(IsPythonInterpreter("/opt/lib/libpython3.7m.so.1.0"));
  EXPECT_TRUE(IsPythonInterpreter("/usr/lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so"));
  EXPECT_FALSE(IsPythonInterpreter("/usr/lib/python3/dist-packages/numpy.so"));
  EXPECT_FALSE(IsPythonInterpreter("/opt/python-tools/server"));
}

TEST(OwnFrame, WithoutSourceIsTheFirstKnownFunctionOutsideLibc) {
  EXPECT_EQ(OwnFunction({MakeFrame("fopen", "", 0, kLibc), MakeFrame("", "", 0, "/home/me/app"),
                         MakeFrame("load", "", 0, "/home/me/app")}),
            "load");
}

TEST(OwnFrame, IsLibcsOnlyWhenThereIsNothingElse) {
  EXPECT_EQ(OwnFunction({MakeFrame("fopen", "", 0, kLibc), MakeFrame("", "", 0, "/home/me/app")}), "");
  EXPECT_EQ(OwnFunction({MakeFrame("std::__basic_file<char>::open", "", 0, "/usr/lib/libstdc++.so.6"),
                         MakeFrame("", "", 0, "/home/me/app")}),
            "")
      << "nor libstdc++'s";
  EXPECT_EQ(OwnFunction({MakeFrame("fopen", "", 0, kLibc)}), "fopen");
  EXPECT_EQ(OwnFunction({}), "none");
}

TEST(ShortFunction, LeavesOutParametersAndWhatStandsBehindThem) {
  EXPECT_EQ(ShortFunction("load_config"), "load_config");
  EXPECT_EQ(ShortFunction("ns::Load(int, char const*)"), "ns::Load");
  EXPECT_EQ(ShortFunction("ns::Load(void (*)(int)) const"), "ns::Load");
  EXPECT_EQ(ShortFunction("ns::Load() [clone .cold]"), "ns::Load");
  EXPECT_EQ(ShortFunction("(anonymous namespace)::Load(int)"), "(anonymous namespace)::Load");
  EXPECT_EQ(ShortFunction("main::{lambda(int)#1}::operator()(int) const"), "main::{lambda(int)#1}::operator()");
}

TEST(ShortFunction, LeavesOutReturnTypesAndLongTemplateArguments) {
  EXPECT_EQ(ShortFunction("int app::Load<int>(int const&)"), "app::Load<int>");
  EXPECT_EQ(ShortFunction("void f<std::basic_string<char, std::char_traits<char> > >(int)"), "f<…>");
  EXPECT_EQ(ShortFunction("std::basic_filebuf<char, std::char_traits<char> >::open(char const*)"),
            "std::basic_filebuf<…>::open");
  EXPECT_EQ(ShortFunction("std::__invoke<main()::<lambda()> >"), "std::__invoke<…>");
  EXPECT_EQ(ShortFunction("main()::<lambda()>"), "main()::<lambda()>");
}

TEST(ShortFunction, KnowsOperatorsFromBrackets) {
  EXPECT_EQ(ShortFunction("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(ShortFunction("ns::File::operator bool() const"), "ns::File::operator bool");
  EXPECT_EQ(ShortFunction("ns::operator<<(std::ostream&, ns::File const&)"), "ns::operator<<");
  EXPECT_EQ(ShortFunction("ns::File::operator->() const"), "ns::File::operator->");
  EXPECT_EQ(ShortFunction("ns::operator<(ns::File const&, ns::File const&)"), "ns::operator<");
}

TEST(ShortFunction, LeavesANameWithoutParametersAsItIs) {
  EXPECT_EQ(ShortFunction("operator()"), "operator()");
  EXPECT_EQ(ShortFunction("ns::(anonymous namespace)::Load"), "ns::(anonymous namespace)::Load");
  EXPECT_EQ(ShortFunction("ns::(anonymous namespace)"), "ns::(anonymous namespace)");
  EXPECT_EQ(ShortFunction(")("), ")(");
  EXPECT_EQ(ShortFunction(")"), ")");
  EXPECT_EQ(ShortFunction(""), "");
}

TEST(ShortPlace, IsTheLineElseTheModuleElseTheAddress) {
  EXPECT_EQ(ShortPlace(MakeFrame("load", "/src/config.cc", 42, "/bin/app")), "config.cc:42");
  EXPECT_EQ(ShortPlace(MakeFrame("load", "/src/config.cc", 0, "/bin/app")), "config.cc");
  EXPECT_EQ(ShortPlace(MakeFrame("load", "", 0, "/bin/app")), "app");
  Frame unknown = MakeFrame("", "", 0, "/bin/app");
  unknown.set_address(0x1a2b);
  EXPECT_EQ(ShortPlace(unknown), "app+0x1a2b");
}

TEST(FullPlace, HasTheWholePathOfTheSourceAndOfNothingElse) {
  EXPECT_EQ(FullPlace(MakeFrame("load", "/src/config.cc", 42, "/opt/server")), "/src/config.cc:42");
  EXPECT_EQ(FullPlace(MakeFrame("load", "/src/config.cc", 0, "/opt/server")), "/src/config.cc");
  EXPECT_EQ(FullPlace(MakeFrame("load", "", 0, "/opt/server")), "server");
}

TEST(NameOf, IsTheFunctionAndPlaceOrWhateverIsKnown) {
  const auto name = [](std::initializer_list<Frame> frames) {
    const SiteName site = NameOf(Frames(frames.begin(), frames.end()), "open");
    return site.function + "|" + site.place;
  };
  EXPECT_EQ(name({MakeFrame("ns::Load(int)", "/src/config.cc", 42, "/opt/server")}), "ns::Load|config.cc:42");
  EXPECT_EQ(name({MakeFrame("", "", 0, "/opt/server")}), "server|");
  EXPECT_EQ(name({}), "an unknown place, by open|");
}

TEST(IsStartUp, TellsWhatLiesOutsideMain) {
  for (const char* function : {"_start", "__libc_start_main", "__libc_start_call_main", "__libc_start_main_impl",
                               "start_thread", "clone3", "clone", "__clone3"}) {
    EXPECT_TRUE(IsStartUp(MakeFrame(function, "", 0, kLibc))) << function;
  }
  EXPECT_TRUE(IsStartUp(MakeFrame("", "", 0, kLibc))) << "a stripped libc";
  EXPECT_FALSE(IsStartUp(MakeFrame("main", "", 0, "/bin/app")));
  EXPECT_FALSE(IsStartUp(MakeFrame("", "", 0, "/bin/app")));
  EXPECT_FALSE(IsStartUp(MakeFrame("qsort", "", 0, kLibc)));
}

}  // namespace
}  // namespace fdtrace
