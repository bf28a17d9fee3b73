#include "viewer/sources.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "viewer/fixture/trace_maker.h"

namespace fdtrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SourcesTest : public testing::Test {
 protected:
  SourcesTest() {
    std::string name = testing::TempDir() + "fdtrace_sources.XXXXXX";
    directory_ = mkdtemp(name.data());
    trace_.start.emplace();
    trace_.start->set_directory(directory_.string());
    trace_.start->set_started_unix_ns(1'700'000'000'000'000'000);
  }
  ~SourcesTest() override { std::filesystem::remove_all(directory_); }

  // Of before the recording.
  std::string Write(const std::string& name, const std::string& content) {
    std::string path = (directory_ / name).string();
    std::ofstream(path, std::ios::binary) << content;
    Touch(path, 1'600'000'000);
    return path;
  }

  static void Touch(const std::string& path, time_t seconds) {
    const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  static std::string Numbered(int lines) {
    std::string content;
    for (int line = 1; line <= lines; ++line) content += "line " + std::to_string(line) + "\n";
    return content;
  }

  static void AddFrame(Frames& stack, const std::string& file, uint32_t line) {
    Frame& frame = *stack.Add();
    frame.set_file(file);
    frame.set_line(line);
  }

  void AddLeakAt(const std::string& file, uint32_t line) {
    AddFrame(*report_.add_leaks()->mutable_stack(), file, line);
  }

  // "a.c:4-10", of what was asked for so far.
  std::vector<std::string> Runs() {
    report_.clear_sources();
    AddSources(trace_, report_);
    std::vector<std::string> runs;
    for (const SourceLines& source : report_.sources()) {
      runs.push_back(std::filesystem::path(source.file()).filename().string() + ":" +
                     std::to_string(source.first_line()) + "-" +
                     std::to_string(source.first_line() + static_cast<uint32_t>(source.lines_size()) - 1));
    }
    return runs;
  }

  // As the report shows the first line of a file.
  std::string ShownLine(const std::string& line) {
    AddLeakAt(Write("line" + std::to_string(report_.leaks_size()) + ".c", line), 1);
    AddSources(trace_, report_);
    const SourceLines& last = *report_.sources().rbegin();
    EXPECT_EQ(last.lines_size(), 1);
    return last.lines_size() > 0 ? last.lines(0) : "";
  }

  std::filesystem::path directory_;
  Trace trace_;
  Report report_;
};

TEST_F(SourcesTest, AreThreeLinesToEachSideOfEachFrame) {
  const std::string path = Write("a.c", Numbered(50));
  AddLeakAt(path, 20);
  EXPECT_THAT(Runs(), ElementsAre("a.c:17-23"));
  EXPECT_EQ(report_.sources(0).file(), path);
  EXPECT_THAT(report_.sources(0).lines(),
              ElementsAre("line 17", "line 18", "line 19", "line 20", "line 21", "line 22", "line 23"));
  EXPECT_FALSE(report_.sources(0).changed());
}

TEST_F(SourcesTest, EndWhereTheFileDoes) {
  AddLeakAt(Write("a.c", Numbered(9)), 2);
  AddLeakAt(Write("b.c", "first\nlast, without an end"), 2);
  AddLeakAt(Write("c.c", Numbered(9)), 9);
  EXPECT_THAT(Runs(), ElementsAre("a.c:1-5", "b.c:1-2", "c.c:6-9"));
}

TEST_F(SourcesTest, OfOneFileAreJoinedWhereTheyMeet) {
  const std::string path = Write("a.c", Numbered(100));
  for (const uint32_t line : {60, 10, 17, 10, 68}) AddLeakAt(path, line);
  EXPECT_THAT(Runs(), ElementsAre("a.c:7-20", "a.c:57-63", "a.c:65-71")) << "no line twice, and runs do not touch";
}

TEST_F(SourcesTest, ComeFromEveryStackOfTheReport) {
  const std::string path = Write("a.c", Numbered(200));
  LeakSite& leak = *report_.add_leaks();
  AddFrame(*leak.mutable_stack(), path, 10);
  AddFrame(*leak.mutable_stack(), path, 30);
  AddFrame(*leak.add_usually_closed_at()->mutable_stack(), path, 50);
  AddFrame(*report_.add_pinned_files()->mutable_unlinked_at(), path, 70);
  AddFrame(*report_.add_pinned_filesystems()->add_peak_sites()->mutable_stack(), path, 90);
  AddFrame(*report_.add_inherited()->mutable_stack(), path, 110);
  EXPECT_THAT(Runs(), ElementsAre("a.c:7-13", "a.c:27-33", "a.c:47-53", "a.c:67-73", "a.c:87-93", "a.c:107-113"));
}

TEST_F(SourcesTest, WithRelativeNamesLeadFromWhereTheProgramWasStarted) {
  Write("a.c", Numbered(1));
  AddLeakAt("a.c", 1);
  EXPECT_THAT(Runs(), ElementsAre("a.c:1-1"));
  EXPECT_EQ(report_.sources(0).file(), "a.c") << "as the frame has it";
  trace_.start.reset();
  EXPECT_THAT(Runs(), IsEmpty());
}

TEST_F(SourcesTest, SayWhichFilesChangedSinceTheRecordingStarted) {
  const std::string path = Write("a.c", Numbered(1));
  Touch(path, 1'700'000'001);
  AddLeakAt(path, 1);
  ASSERT_THAT(Runs(), SizeIs(1));
  EXPECT_TRUE(report_.sources(0).changed());
}

TEST_F(SourcesTest, LeaveOutWhatIsNotAtHand) {
  const std::string pipe = (directory_ / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& file : {pipe, directory_.string(), std::string("/dev/zero"), std::string("<string>"),
                                  (directory_ / "missing.c").string(), Write("empty.c", "")}) {
    AddLeakAt(file, 1);
  }
  AddLeakAt("", 1);
  AddLeakAt(Write("no_line.c", Numbered(5)), 0);
  AddLeakAt(Write("short.c", Numbered(5)), 7);
  AddLeakAt(Write("shorter.c", Numbered(5)), UINT32_MAX);
  EXPECT_THAT(Runs(), IsEmpty());
}

TEST_F(SourcesTest, AreReadFromFilesOfFourMebibytesAndNoMore) {
  AddLeakAt(Write("small.c", "x\n" + std::string((4 << 20) - 2, 'y')), 1);
  AddLeakAt(Write("large.c", "x\n" + std::string((4 << 20) - 1, 'y')), 1);
  EXPECT_THAT(Runs(), ElementsAre("small.c:1-2"));
}

TEST_F(SourcesTest, ArePrintableWhateverTheFileHolds) {
  EXPECT_EQ(ShownLine("a\x1b[31m\xff\r\n"), "a\\x1b[31m\\xff");
  EXPECT_EQ(ShownLine("int \u00e9 = 1; // \u202e"), "int \u00e9 = 1; // \\xe2\\x80\\xae");
}

TEST_F(SourcesTest, KeepTabsAsSpaces) {
  EXPECT_EQ(ShownLine("\t\tx\ty"), "                x       y");
  EXPECT_EQ(ShownLine("  \t\u00e9\tx"), "        \u00e9       x");
}

TEST_F(SourcesTest, AreCutBetweenCharacters) {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  EXPECT_EQ(ShownLine(repeated("x", 300)), repeated("x", 300));
  EXPECT_EQ(ShownLine(repeated("x", 100'000)), repeated("x", 300));
  EXPECT_EQ(ShownLine(repeated("\u20ac", 500)), repeated("\u20ac", 300));
  EXPECT_EQ(ShownLine("x" + repeated("\U0001F600", 500)), "x" + repeated("\U0001F600", 299));
}

TEST_F(SourcesTest, AreTwentyThousandLinesAtMost) {
  const std::string first = Write("a.c", Numbered(30'000));
  const std::string second = Write("b.c", Numbered(10));
  for (uint32_t line = 4; line < 30'000; line += 7) AddLeakAt(first, line);
  AddLeakAt(second, 5);
  EXPECT_THAT(Runs(), ElementsAre("a.c:1-20000"));
}

}  // namespace
}  // namespace fdtrace
