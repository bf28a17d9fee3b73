// Python programs on every CPython of the machine: their leaks are told by Python lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kDebians[] = "/usr/bin/python3";

// Debian's, and from 3.6 on those that pyenv has installed, if any.
std::vector<std::string> Pythons() {
  std::vector<std::string> pythons = {kDebians};
  const char* const home = getenv("HOME");
  const std::filesystem::path versions = std::filesystem::path(home == nullptr ? "/" : home) / ".pyenv" / "versions";
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator(versions, none)) {
    const std::string python = version.path() / "bin" / "python3";
    if (version.path().filename().string().starts_with("3.") && std::filesystem::exists(python)) {
      pythons.push_back(python);
    }
  }
  std::sort(pythons.begin(), pythons.end());
  return pythons;
}

std::string VersionOf(const std::string& python) {
  std::string version = RunBare({python, "-c", "import sys; print('%d_%d' % sys.version_info[:2])"}).out;
  version.erase(version.find_last_not_of('\n') + 1);
  return version;
}

// "exporter.py:17 Exporter.open_part", innermost first.
std::vector<std::string> Places(const google::protobuf::RepeatedPtrField<Frame>& stack) {
  std::vector<std::string> places;
  for (const Frame& frame : stack) {
    const std::string file = std::filesystem::path(frame.file()).filename();
    places.push_back(file + ":" + std::to_string(frame.line()) + " " + frame.function());
  }
  return places;
}

// The number of the line of a program of tests/programs/ that has TEXT in it, the first; 0 when none has.
uint32_t LineWith(const std::string& program, const std::string& text) {
  std::ifstream source(Program(program));
  uint32_t number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    if (line.find(text) != line.npos) return number;
  }
  ADD_FAILURE() << text << " is not in " << program;
  return 0;
}

std::string Place(const std::string& program, const std::string& text, const std::string& function) {
  return program + ":" + std::to_string(LineWith(program, text)) + " " + function;
}

class EveryPython : public ::testing::TestWithParam<std::string> {
 protected:
  void ExpectThreeSites(const Traced& traced) {
    const Report& report = traced.report;
    ASSERT_EQ(report.leaks_size(), 3) << Describe(report);
    // By count: the rank follows the verdict, and that follows the pauses of a busy machine.
    std::vector<LeakSite> leaks(report.leaks().begin(), report.leaks().end());
    std::sort(leaks.begin(), leaks.end(), [](auto& a, auto& b) { return a.still_open() > b.still_open(); });
    ExpectSite(leaks[0], 120, "file", Place("exporter.py", "kept.append(open", "Exporter.open_part"));
    ExpectSite(leaks[1], 30, "socket", Place("exporter.py", "kept.append(socket", "handle_request"));
    ExpectSite(leaks[2], 5, "file", Place("exporter.py", "os.open(path", "spool"));
    EXPECT_THAT(leaks[1].descriptors(0).thread(), HasSubstr("pool-1"));
    EXPECT_EQ(Places(leaks[0].stack()),
              (std::vector<std::string>{Place("exporter.py", "kept.append(open", "Exporter.open_part"),
                                        Place("exporter.py", "exporter.open_part()", "main"),
                                        "exporter.py:" + std::to_string(Lines("exporter.py")) + " <module>"}));
    EXPECT_EQ(report.pinned_files_size(), 5) << DescribeFiles(report);
    EXPECT_EQ(report.recording().events_lost(), 0);
    EXPECT_EQ(report.recording().corrections().closed_unseen(), 0u) << Describe(report);
  }

  static void ExpectSite(const LeakSite& leak, uint32_t count, const std::string& resource, const std::string& place) {
    EXPECT_EQ(leak.still_open(), count) << place;
    EXPECT_EQ(leak.opened(), count) << place;
    EXPECT_EQ(leak.resource(), resource) << place;
    EXPECT_THAT(Places(leak.stack()), ::testing::Contains(place));
    for (const Frame& frame : leak.stack()) {
      EXPECT_EQ(frame.language(), Frame::PYTHON) << frame.function();
      EXPECT_THAT(frame.function(), Not(HasSubstr("PyEval")));
    }
  }

  static uint32_t Lines(const std::string& program) {
    std::ifstream source(Program(program));
    uint32_t number = 0;
    for (std::string line; std::getline(source, line);) ++number;
    return number;
  }
};

TEST_P(EveryPython, TellsLeaksByLineAndQualifiedNameWhenItExits) {
  const TemporaryDirectory directory;
  const Traced traced = Trace({GetParam(), Program("exporter.py"), directory.path(), "by exit"});
  EXPECT_EQ(traced.ran.status, 3) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, "exported\n");
  ExpectThreeSites(traced);
}

TEST_P(EveryPython, TellsLeaksByLineAndQualifiedNameWhenItEndsAbruptly) {
  const TemporaryDirectory directory;
  const Traced traced = Trace({GetParam(), Program("exporter.py"), directory.path(), "abruptly"});
  EXPECT_EQ(traced.ran.status, 3) << traced.ran.err;
  ExpectThreeSites(traced);
}

// In the order of their calls; from 3.12 on a comprehension has no frame of its own.
TEST_P(EveryPython, PlacesEveryKindOfCode) {
  const Traced traced = Trace({GetParam(), Program("python_code.py")});
  ASSERT_EQ(traced.ran.status, 0) << traced.ran.err;
  std::set<std::string> callers;  // of `keep`
  for (const LeakSite& leak : traced.report.leaks()) {
    const auto places = Places(leak.stack());
    if (places.size() < 2 || !places[0].ends_with(" keep")) continue;
    callers.insert(places[1].substr(places[1].rfind(' ') + 1));
    EXPECT_EQ(leak.still_open(), places[1].find("<listcomp>") == places[1].npos && places[1].ends_with("<lambda>") &&
                                         places[1].find("nested") == places[1].npos
                                     ? 2u
                                     : 1u)
        << places[1];
  }
  EXPECT_THAT(callers, ::testing::IsSupersetOf({"Outer", "Outer.Inner.static", "Outer.Inner.value", "generator",
                                                "coroutine", "nested.<locals>.inner.<locals>.<lambda>", "<lambda>",
                                                "recursive", "first", "second"}))
      << Describe(traced.report);
  EXPECT_THAT(callers, ::testing::Contains(
                           AnyOf(std::string("comprehension"), std::string("comprehension.<locals>.<listcomp>"))));
  EXPECT_THAT(traced.report.recording().notes(), IsEmpty());
}

std::vector<std::string> InstalledPythons() {
  static const std::vector<std::string> pythons = Pythons();
  return pythons;
}
INSTANTIATE_TEST_SUITE_P(Installed, EveryPython, ::testing::ValuesIn(InstalledPythons()), [](const auto& info) {
  return VersionOf(info.param) + (info.param == kDebians ? "_Debian" : "");
});

// Runs a script of Debian's Python that ends without cleaning up.
Traced RunScript(const std::string& script, const std::vector<std::string>& options = {}) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/script.py";
  std::ofstream(path) << script;
  return Trace({"/bin/sh", "-c", "cd " + directory.path() + " && exec " + kDebians + " script.py"}, options);
}

LeakSite SiteAt(const Report& report, const std::string& place) {
  for (const LeakSite& leak : report.leaks()) {
    const auto places = Places(leak.stack());
    if (std::find(places.begin(), places.end(), place) != places.end()) return leak;
  }
  ADD_FAILURE() << "no leak at " << place << "\n" << Describe(report);
  return {};
}

TEST(Python, SaysWhatToDoAboutKnownWaysToLeak) {
  const Traced traced = RunScript(R"py(import asyncio, logging, mmap, os, sqlite3, subprocess, tempfile
kept = []
kept.append(tempfile.mkstemp(dir="."))
kept.append(sqlite3.connect("x.db")); kept[-1].execute("create table t(x)")
kept.append(logging.FileHandler("x.log"))
kept.append(asyncio.new_event_loop())
kept.append(subprocess.Popen(["true"], stdout=subprocess.PIPE))
with open(__file__) as file: kept.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
kept.append(open(__file__))
os._exit(0)
)py");
  const Report& report = traced.report;
  EXPECT_THAT(SiteAt(report, "script.py:3 <module>").advice(), HasSubstr("os.close"));
  EXPECT_THAT(SiteAt(report, "script.py:4 <module>").advice(), HasSubstr("closing()"));
  EXPECT_THAT(SiteAt(report, "script.py:5 <module>").advice(), HasSubstr("removeHandler"));
  EXPECT_THAT(SiteAt(report, "script.py:6 <module>").advice(), HasSubstr("event loop"));
  EXPECT_THAT(SiteAt(report, "script.py:7 <module>").advice(), HasSubstr("communicate()"));
  EXPECT_THAT(SiteAt(report, "script.py:8 <module>").advice(), HasSubstr("duplicate"));
  EXPECT_THAT(SiteAt(report, "script.py:9 <module>").advice(), IsEmpty());
}

TEST(Python, TellsWhatWasCollectedFromWhatWasClosed) {
  const Traced traced = RunScript(R"py(import gc, os
def forgets(): open(__file__).read()
def closes():
    file = open(__file__)
    file.close()
def leaves():
    with open(__file__) as file: pass
class Closer:
    def __init__(self): self.fd = os.open(__file__, os.O_RDONLY)
    def __del__(self): os.close(self.fd)
def cycles():
    class Node: pass
    node = Node(); node.node = node; node.file = open(__file__)
for _ in range(7): forgets()
for _ in range(5): closes()
for _ in range(5): leaves()
for _ in range(3): Closer()
for _ in range(2): cycles()
gc.collect()
os._exit(0)
)py");
  std::set<std::pair<uint32_t, std::string>> collected;
  for (const Collected& row : traced.report.collected()) {
    EXPECT_TRUE(row.closed_at(0).collected());
    collected.emplace(row.count(), row.stack(0).function());
  }
  EXPECT_EQ(collected,
            (std::set<std::pair<uint32_t, std::string>>{{7, "forgets"}, {3, "Closer.__init__"}, {2, "cycles"}}));
  EXPECT_THAT(traced.report.leaks(), IsEmpty()) << Describe(traced.report);
}

TEST(Python, ShowsTheInterpretersOwnFramesWhenAsked) {
  const std::string script = "import os\nkept = open(__file__)\nos._exit(0)\n";
  const auto own = RunScript(script).report;
  const auto all = RunScript(script, {"--frames=all"}).report;
  ASSERT_EQ(own.leaks_size(), 1) << Describe(own);
  ASSERT_EQ(all.leaks_size(), 1) << Describe(all);
  EXPECT_EQ(own.leaks(0).stack_size(), 1);
  EXPECT_THAT(Places(all.leaks(0).stack()), ::testing::Contains(EndsWith(" _PyEval_EvalFrameDefault")));
  EXPECT_THAT(Places(all.leaks(0).stack()), ::testing::Contains("script.py:2 <module>"));
}

TEST(Python, TellsTwoFunctionsThatLayAtOneAddressApart) {
  const Traced traced = RunScript(R"py(import os
kept = []
for number in range(300):
    scope = {"os": os, "kept": kept}
    exec(compile("def f%d(): kept.append(os.open('/dev/null', 0))\nf%d()\n" % (number % 3, number % 3), "<made>", "exec"), scope)
    del scope
os._exit(0)
)py");
  std::map<std::string, uint32_t> counts;
  for (const LeakSite& leak : traced.report.leaks()) counts[FunctionOf(leak.stack())] += leak.still_open();
  EXPECT_EQ(counts, (std::map<std::string, uint32_t>{{"f0", 100}, {"f1", 100}, {"f2", 100}}))
      << Describe(traced.report);
}

// A program that exports what an interpreter does and is none that can be read.
TEST(Python, WhoseFramesCannotBeReadIsSaidToBeSo) {
  const std::vector<std::pair<std::string, std::string>> builds = {
      {"unknown", "Python 3.99.0 is none whose frames fdtrace can read"},
      {"debug", "Python 3.11.2 is a debug build"},
      {"garbage", "the frames of Python 3.11.2 are not as they should be"},
      {"cyclic", ""},
  };
  for (const auto& [build, reason] : builds) {
    const Traced traced = Trace({Program("strange_python_" + build)});
    EXPECT_EQ(traced.ran.status, 0) << build << traced.ran.err;
    EXPECT_EQ(traced.report.recording().still_open(), 3u) << build << Describe(traced.report);
    if (reason.empty()) continue;
    EXPECT_THAT(traced.report.recording().notes(), ::testing::ElementsAre(HasSubstr(reason))) << build;
  }
}

TEST(Python, IsFollowedThroughAllStartMethodsOfMultiprocessing) {
  for (const std::string method : {"fork", "spawn", "forkserver"}) {
    std::string script = R"py(import multiprocessing, os, sys
def leaks_two():
    kept = [os.open("/dev/null", 0) for _ in range(2)]
    os._exit(0)
if __name__ == "__main__":
    multiprocessing.set_start_method("METHOD")
    for _ in range(3):
        child = multiprocessing.Process(target=leaks_two)
        child.start(); child.join(); child.close()
)py";
    script.replace(script.find("METHOD"), 6, method);
    const Traced traced = RunScript(script);
    EXPECT_EQ(traced.ran.status, 0) << method << traced.ran.err;
    uint32_t found = 0;
    for (const LeakSite& leak : traced.report.leaks()) {
      const auto places = Places(leak.stack());
      if (!places.empty() && places[0].find("leaks_two") != places[0].npos) found += leak.still_open();
    }
    EXPECT_EQ(found, 6u) << method << "\n" << Describe(traced.report);
  }
}

}  // namespace
}  // namespace fdtrace
