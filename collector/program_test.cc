#include "collector/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    char name[] = "/tmp/program_test.XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~ProgramTest() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& name, const std::string& content, mode_t mode = 0755) {
    std::string path = absl::StrCat(directory_, "/", name);
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    return path;
  }

  std::string Compiled(const std::string& name, const std::string& flags) {
    std::string path = absl::StrCat(directory_, "/", name);
    const std::string command =
        absl::StrCat("echo 'int main() { return 0; }' | cc -x c - ", flags, " -o ", path, " 2>", path, ".log");
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path;
  }

  // Changes a byte of a file, as another machine's compiler would have set it.
  static void Patch(const std::string& path, std::streamoff offset, char byte) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.put(byte);
  }

  std::string directory_;
  Caller caller_ = {.uid = 1000, .gid = 1000, .no_new_privileges = false};
};

TEST_F(ProgramTest, TakesAnOrdinaryProgramForTraceable) {
  const Program program = InspectProgram(Compiled("plain", ""), caller_);
  EXPECT_EQ(program.kind, ProgramKind::kDynamic);
  EXPECT_THAT(program.untraced_reason, IsEmpty());
}

TEST_F(ProgramTest, KnowsStaticPrograms) {
  for (const char* flags : {"-static", "-static-pie"}) {
    const Program program = InspectProgram(Compiled("static", flags), caller_);
    EXPECT_EQ(program.kind, ProgramKind::kStatic) << flags;
    EXPECT_THAT(program.untraced_reason, HasSubstr("statically linked")) << flags;
  }
}

TEST_F(ProgramTest, KnowsAnotherCLibraryByItsLoader) {
  const Program program = InspectProgram(Compiled("musl", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"), caller_);
  EXPECT_EQ(program.kind, ProgramKind::kOtherLibc);
  EXPECT_THAT(program.untraced_reason, HasSubstr("/lib/ld-musl-x86_64.so.1"));
}

TEST_F(ProgramTest, KnowsOtherMachines) {
  const std::string wide = Compiled("wide", "");
  Patch(wide, 4, 1);  // EI_CLASS: 32 bits
  EXPECT_EQ(InspectProgram(wide, caller_).kind, ProgramKind::kOtherMachine);
  const std::string foreign = Compiled("foreign", "");
  Patch(foreign, 18, 2);  // e_machine: SPARC
  EXPECT_EQ(InspectProgram(foreign, caller_).kind, ProgramKind::kOtherMachine);
}

// Opening a pipe waits for whoever writes to it.
TEST_F(ProgramTest, WaitsForNobodyWhereAPipeIsNamedAsAProgram) {
  const std::string fifo = directory_ + "/fifo", script = directory_ + "/script";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0755), 0);
  std::ofstream(script) << "#!" << fifo << "\n";
  alarm(20);
  EXPECT_EQ(InspectProgram(fifo, caller_).kind, ProgramKind::kUnknown);
  EXPECT_EQ(InspectProgram(script, caller_).kind, ProgramKind::kUnknown);
  alarm(0);
}

TEST_F(ProgramTest, TakesTheLoaderItselfForTraceable) {
  EXPECT_EQ(InspectProgram("/lib64/ld-linux-x86-64.so.2", caller_).kind, ProgramKind::kDynamic);
}

TEST_F(ProgramTest, KnowsSetUserIdProgramsOfSomebodyElse) {
  const std::string path = Compiled("raised", "");
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  ASSERT_EQ(chmod(path.c_str(), 04755), 0);
  const Caller owner = {.uid = file.st_uid, .gid = file.st_gid, .no_new_privileges = false};
  const Caller other = {.uid = file.st_uid + 1, .gid = file.st_gid, .no_new_privileges = false};
  const Caller tamed = {.uid = file.st_uid + 1, .gid = file.st_gid, .no_new_privileges = true};
  EXPECT_EQ(InspectProgram(path, owner).kind, ProgramKind::kDynamic);
  EXPECT_EQ(InspectProgram(path, other).kind, ProgramKind::kPrivileged);
  EXPECT_EQ(InspectProgram(path, tamed).kind, ProgramKind::kDynamic);
}

TEST_F(ProgramTest, KnowsSetGroupIdProgramsByTheirExecuteBit) {
  const std::string path = Compiled("raised", "");
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  const Caller other = {.uid = file.st_uid, .gid = file.st_gid + 1, .no_new_privileges = false};
  ASSERT_EQ(chmod(path.c_str(), 02755), 0);
  EXPECT_EQ(InspectProgram(path, other).kind, ProgramKind::kPrivileged);
  ASSERT_EQ(chmod(path.c_str(), 02745), 0);
  EXPECT_EQ(InspectProgram(path, other).kind, ProgramKind::kDynamic);
}

TEST_F(ProgramTest, FollowsScriptsToTheirInterpreter) {
  const std::string interpreter = Compiled("static", "-static");
  const std::string inner = File("inner", absl::StrCat("#! ", interpreter, " -x\n"));
  const std::string outer = File("outer", absl::StrCat("#!", inner, "\n"));
  EXPECT_EQ(InspectProgram(outer, caller_).kind, ProgramKind::kStatic);
  EXPECT_THAT(InspectProgram(outer, caller_).untraced_reason, HasSubstr(interpreter));
  EXPECT_EQ(InspectProgram(outer, caller_).path, outer);
}

TEST_F(ProgramTest, GivesUpOnScriptsThatInterpretOneAnother) {
  const std::string path = directory_ + "/circle";
  File("circle", absl::StrCat("#!", path, "\n"));
  EXPECT_EQ(InspectProgram(path, caller_).kind, ProgramKind::kUnknown);
}

TEST_F(ProgramTest, LeavesTextWithoutInterpreterToTheShell) {
  const Program program = InspectProgram(File("text", "exit 3\n"), caller_);
  EXPECT_TRUE(program.shell_text);
  EXPECT_EQ(program.kind, InspectProgram("/bin/sh", caller_).kind);
  EXPECT_FALSE(InspectProgram(File("binary", std::string("\x01\x00\x02\n", 4)), caller_).shell_text);
}

TEST_F(ProgramTest, SaysNothingOfDamagedFiles) {
  EXPECT_EQ(InspectProgram(File("cut",
                                "\x7f"
                                "ELF"),
                           caller_)
                .kind,
            ProgramKind::kUnknown);
  EXPECT_EQ(InspectProgram(directory_ + "/missing", caller_).kind, ProgramKind::kUnknown);
}

TEST_F(ProgramTest, FindsTheFirstExecutableAlongThePath) {
  std::filesystem::create_directories(directory_ + "/a/tool");  // a directory is no program
  std::filesystem::create_directories(directory_ + "/b");
  std::filesystem::create_directories(directory_ + "/c");
  File("b/tool", "", 0644);
  const std::string tool = File("c/tool", "");
  const std::string path = absl::StrCat(directory_, "/a:", directory_, "/b:", directory_, "/c");
  EXPECT_EQ(*FindProgram("tool", path.c_str()), tool);
  EXPECT_EQ(*FindProgram(tool, ""), tool);
  EXPECT_TRUE(FindProgram("sh", nullptr).ok());
}

TEST_F(ProgramTest, TellsNotFoundFromNotExecutable) {
  File("plain", "", 0644);
  EXPECT_TRUE(absl::IsPermissionDenied(FindProgram("plain", directory_.c_str()).status()));
  EXPECT_TRUE(absl::IsPermissionDenied(FindProgram(directory_ + "/plain", "").status()));
  EXPECT_TRUE(absl::IsPermissionDenied(FindProgram(directory_, "").status()));
  EXPECT_TRUE(absl::IsNotFound(FindProgram("missing", directory_.c_str()).status()));
  EXPECT_TRUE(absl::IsNotFound(FindProgram(directory_ + "/missing", "").status()));
  EXPECT_TRUE(absl::IsNotFound(FindProgram("", directory_.c_str()).status()));
}

}  // namespace
}  // namespace fdtrace
