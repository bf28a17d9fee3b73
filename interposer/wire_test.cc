// The events that the interposer encodes by hand, read back with libprotobuf.
#include "interposer/wire.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "interposer/event_writer.h"
#include "interposer/wire_fixture.h"
#include "interposer/working_directory.h"
#include "proto/event.pb.h"

namespace fdtrace {
namespace {

using ::testing::ElementsAre;

TEST_F(WireTest, AnOpenedEventKeepsEveryField) {
  WriteOpened(scope_, {.id = (uint64_t{3} << kLifetimeCountBits) + 9,
                       .fd = 1'000'000,
                       .row = Row::openat,
                       .stack = 0xfedcba9876543210,
                       .source = 5,
                       .replaced = 6,
                       .path = "/etc/\xffpasswd",
                       .companion = 0,
                       .overwrote = true});
  const Event event = Last();
  EXPECT_GT(event.at_ns(), 0u);
  EXPECT_EQ(event.opened().id(), (uint64_t{3} << 36) + 9);
  EXPECT_EQ(event.opened().fd(), 1'000'000);
  EXPECT_EQ(event.opened().function(), static_cast<uint32_t>(Row::openat));
  EXPECT_EQ(event.opened().stack(), 0xfedcba9876543210);
  EXPECT_EQ(event.opened().source(), 5u);
  EXPECT_EQ(event.opened().replaced(), 6u);
  EXPECT_EQ(event.opened().path(), "/etc/\xffpasswd");
  EXPECT_EQ(event.opened().companion(), 1);
  EXPECT_TRUE(event.opened().overwrote());
}

TEST_F(WireTest, ALongPathIsCutAndTheEventStaysWhole) {
  const std::string path(100'000, 'x');
  WriteOpened(scope_, {.id = 1, .fd = 3, .row = Row::open, .path = path.c_str()});
  EXPECT_EQ(Last().opened().path(), path.substr(0, kMaxPathBytes));
}

TEST_F(WireTest, AFailedEventKeepsEveryField) {
  WriteFailed(scope_, {.error = ENOSPC,
                       .row = Row::open,
                       .stack = 0xfedcba9876543210,
                       .path = std::string_view("/full/x"),
                       .fd = 0,
                       .id = 7,
                       .nofile_soft = 1024,
                       .nofile_hard = ~uint64_t{0},
                       .filesystem = FilesystemFacts{.device = 64769,
                                                     .block_bytes = 4096,
                                                     .blocks = uint64_t{1} << 40,
                                                     .blocks_free = 6,
                                                     .blocks_available = 5,
                                                     .inodes = 4,
                                                     .inodes_free = 3,
                                                     .type = 0xef53},
                       .stream_again = true,
                       .sweep = true,
                       .privileged = true});
  const class Failed failed = Last().failed();
  EXPECT_EQ(failed.error(), ENOSPC);
  EXPECT_EQ(failed.function(), static_cast<uint32_t>(Row::open));
  EXPECT_EQ(failed.stack(), 0xfedcba9876543210);
  EXPECT_EQ(failed.path(), "/full/x");
  EXPECT_EQ(failed.fd(), 1);
  EXPECT_EQ(failed.id(), 7u);
  EXPECT_EQ(failed.nofile_soft(), 1024u);
  EXPECT_EQ(failed.nofile_hard(), ~uint64_t{0});
  EXPECT_EQ(failed.filesystem().device(), 64769u);
  EXPECT_EQ(failed.filesystem().block_bytes(), 4096u);
  EXPECT_EQ(failed.filesystem().blocks(), uint64_t{1} << 40);
  EXPECT_EQ(failed.filesystem().blocks_free(), 6u);
  EXPECT_EQ(failed.filesystem().blocks_available(), 5u);
  EXPECT_EQ(failed.filesystem().inodes(), 4u);
  EXPECT_EQ(failed.filesystem().inodes_free(), 3u);
  EXPECT_EQ(failed.filesystem().type(), 0xef53u);
  EXPECT_TRUE(failed.stream_again());
  EXPECT_TRUE(failed.sweep());
  EXPECT_EQ(failed.privileged(), 1u);
}

TEST_F(WireTest, AFailureWithoutADescriptorNamesNone) {
  WriteFailed(scope_, {.error = EMFILE, .row = Row::socket});
  EXPECT_EQ(Last().failed().fd(), 0);
  EXPECT_FALSE(Last().failed().has_filesystem());
}

TEST_F(WireTest, AClosedEventKeepsEveryField) {
  WriteClosed(scope_, {.id = 8, .fd = 4, .row = Row::close, .stack = 12});
  const Closed closed = Last().closed();
  EXPECT_EQ(closed.id(), 8u);
  EXPECT_EQ(closed.fd(), 4);
  EXPECT_EQ(closed.function(), static_cast<uint32_t>(Row::close));
  EXPECT_EQ(closed.stack(), 12u);
}

constexpr FileFacts kFile = {.identity = {.device = 64769, .inode = ~uint64_t{0}},
                             .links = 2,
                             .bytes = 8192,
                             .apparent_bytes = uint64_t{1} << 40};

void ExpectFile(const FileState& file) {
  EXPECT_EQ(file.device(), 64769u);
  EXPECT_EQ(file.inode(), ~uint64_t{0});
  EXPECT_EQ(file.links(), 2u);
  EXPECT_EQ(file.bytes(), 8192u);
  EXPECT_EQ(file.apparent_bytes(), uint64_t{1} << 40);
}

TEST_F(WireTest, TheStateOfAFileIsKeptWhereThereIsOne) {
  WriteOpened(scope_, {.id = 1, .fd = 3, .row = Row::open, .path = "x", .file = kFile});
  ExpectFile(Last().opened().file());
  EXPECT_FALSE(Last().opened().created());
  EXPECT_EQ(Last().opened().path(), "x");
  WriteClosed(scope_, {.id = 1, .fd = 3, .row = Row::close, .file = kFile});
  ExpectFile(Last().closed().file());
  WriteOpened(scope_, {.id = 1, .fd = 3, .row = Row::open});
  EXPECT_FALSE(Last().opened().has_file());
  WriteClosed(scope_, {.id = 1, .fd = 3, .row = Row::close});
  EXPECT_FALSE(Last().closed().has_file());
}

class TemporaryFile {
 public:
  TemporaryFile() : fd_(mkstemp(path_)) {}
  ~TemporaryFile() {
    close(fd_);
    unlink(path_);
  }
  int fd() const { return fd_; }
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/fdtrace-wire-XXXXXX";
  int fd_;
};

TEST_F(WireTest, WhatACallHasMadeIsToldByItsFullName) {
  const TemporaryFile file;
  WriteOpened(scope_, {.id = 1, .fd = file.fd(), .row = Row::open, .path = "relative", .file = kFile, .created = true});
  EXPECT_TRUE(Last().opened().created());
  EXPECT_EQ(Last().opened().path(), file.path());
  ExpectFile(Last().opened().file());
}

TEST_F(WireTest, WhatHasNoNameToBeFoundIsToldByThatWhichWasPassed) {
  WriteOpened(scope_, {.id = 1, .fd = 999'999, .row = Row::open, .path = "relative", .file = kFile, .created = true});
  EXPECT_EQ(Last().opened().path(), "relative");
  const TemporaryFile file;
  FileFacts gone = kFile;
  gone.links = 0;
  WriteOpened(scope_, {.id = 1, .fd = file.fd(), .row = Row::open, .path = "relative", .file = gone, .created = true});
  EXPECT_EQ(Last().opened().path(), "relative");
}

TEST_F(WireTest, ANameThatWasRemovedKeepsEveryField) {
  const auto unlinked = [&](const FileFacts& file, const char* path, UnlinkedHow how) {
    WriteUnlinked(scope_, {.file = file, .path = {AT_FDCWD, path}, .row = Row::rename, .stack = 12, .how = how});
    return Last().unlinked();
  };
  FileFacts gone = kFile;
  gone.links = 0;
  const Unlinked told = unlinked(gone, "a\n\xff (deleted)", UnlinkedHow::kRename);
  EXPECT_TRUE(told.has_file());
  EXPECT_EQ(told.file().links(), 0u);
  EXPECT_EQ(told.path(), "a\n\xff (deleted)");
  EXPECT_EQ(told.function(), static_cast<uint32_t>(Row::rename));
  EXPECT_EQ(told.stack(), 12u);
  EXPECT_EQ(told.how(), Unlinked::RENAME);
  EXPECT_EQ(unlinked(gone, "b", UnlinkedHow::kUnlink).how(), Unlinked::UNLINK);
  const Unlinked one_of_several = unlinked(kFile, "b", UnlinkedHow::kUnlink);
  ExpectFile(one_of_several.file());
  EXPECT_EQ(one_of_several.path(), std::filesystem::current_path().string() + "/b");
}

TEST_F(WireTest, ANewNameIsToldInFull) {
  const auto renamed_to = [&](int directory, const std::string& path) {
    WriteRenamed(scope_, {.file = {.device = 7, .inode = 8}, .to = {directory, path.c_str()}, .replaced = true});
    EXPECT_TRUE(Last().renamed().replaced());
    EXPECT_EQ(Last().renamed().device(), 7u);
    EXPECT_EQ(Last().renamed().inode(), 8u);
    EXPECT_TRUE(Last().renamed().old_path().empty());
    return Last().renamed().new_path();
  };
  const int tmp = open("/tmp", O_PATH | O_DIRECTORY);
  EXPECT_EQ(renamed_to(AT_FDCWD, "/a/b"), "/a/b");
  EXPECT_EQ(renamed_to(tmp, "b\n"), "/tmp/b\n");
  EXPECT_EQ(renamed_to(AT_FDCWD, "b"), std::filesystem::current_path().string() + "/b");
  const std::string path(100'000, 'x');
  EXPECT_EQ(renamed_to(tmp, path), ("/tmp/" + path).substr(0, kMaxPathBytes));
  close(tmp);
  WriteRenamed(scope_, {.file = kFile.identity, .to = {AT_FDCWD, "/b"}, .from = PathFrom{AT_FDCWD, "/a"}});
  EXPECT_EQ(Last().renamed().old_path(), "/a");
  EXPECT_EQ(Last().renamed().new_path(), "/b");
}

TEST_F(WireTest, OneMoreNameAndAnotherNameForADirectoryAreToldInFull) {
  WriteLinked(scope_, {.file = kFile, .to = {AT_FDCWD, "/a/b"}});
  ExpectFile(Last().linked().file());
  EXPECT_EQ(Last().linked().new_path(), "/a/b");
  const std::string path(100'000, 'x');
  WriteMoved(scope_, {.from = {AT_FDCWD, path.c_str()}, .to = {AT_FDCWD, ("/" + path).c_str()}, .exchanged = true});
  EXPECT_EQ(Last().moved().old_path(),
            (std::filesystem::current_path().string() + "/" + path).substr(0, kMaxPathBytes));
  EXPECT_EQ(Last().moved().new_path(), ("/" + path).substr(0, kMaxPathBytes));
  EXPECT_TRUE(Last().moved().exchanged());
}

TEST_F(WireTest, AClosedRangeKeepsEveryField) {
  WriteClosedRange(scope_, {.first = 3, .last = ~0u, .row = Row::closefrom, .stack = 12});
  const ClosedRange range = Last().closed_range();
  EXPECT_EQ(range.first(), 3u);
  EXPECT_EQ(range.last(), ~0u);
  EXPECT_EQ(range.function(), static_cast<uint32_t>(Row::closefrom));
  EXPECT_EQ(range.stack(), 12u);
}

TEST_F(WireTest, TheThreadAndEachFunctionAreIntroducedBeforeTheirFirstEvent) {
  fdtrace_thread.announced = false;
  WriteClosed(scope_, {.id = 8, .fd = 4, .row = Row::syscall_close});
  WriteClosed(scope_, {.id = 9, .fd = 5, .row = Row::syscall_close});
  ASSERT_EQ(g_written.size(), 4u);
  Event thread;
  ASSERT_TRUE(thread.ParseFromString(g_written[0]));
  EXPECT_EQ(thread.thread().tid(), 77u);
  EXPECT_FALSE(thread.thread().name().empty());
  Event function;
  ASSERT_TRUE(function.ParseFromString(g_written[1]));
  EXPECT_EQ(function.function().number(), static_cast<uint32_t>(Row::syscall_close));
  EXPECT_EQ(function.function().name(), "syscall(close)");
}

TEST_F(WireTest, TheDeepestStackFitsAnEvent) {
  std::vector<uint64_t> modules(kMaxFrames);
  std::vector<uint64_t> addresses(kMaxFrames);
  for (size_t i = 0; i < kMaxFrames; ++i) {
    modules[i] = ~uint64_t{i};
    addresses[i] = i * 1000;
  }
  WriteStack(scope_, {.hash = 42, .modules = modules, .addresses = addresses, .truncated = true});
  const Stack stack = Last().stack();
  EXPECT_EQ(stack.hash(), 42u);
  EXPECT_THAT(std::vector(stack.modules().begin(), stack.modules().end()), ::testing::ElementsAreArray(modules));
  EXPECT_THAT(std::vector(stack.addresses().begin(), stack.addresses().end()), ::testing::ElementsAreArray(addresses));
  EXPECT_TRUE(stack.truncated());
}

TEST_F(WireTest, ModulesAndExitsKeepEveryField) {
  const std::array<unsigned char, 3> build_id = {0, 0xff, 7};
  WriteModule(scope_, {.key = 99, .path = "/lib/x.so", .build_id = build_id});
  EXPECT_EQ(Last().module().key(), 99u);
  EXPECT_EQ(Last().module().path(), "/lib/x.so");
  EXPECT_EQ(Last().module().build_id(), std::string("\0\xff\x07", 3));
  EXPECT_FALSE(Last().module().is_python());
  WriteModule(scope_, {.key = 99, .path = "/lib/x.so", .build_id = build_id, .is_python = true});
  EXPECT_TRUE(Last().module().is_python());
  WriteExiting(scope_, -1);
  EXPECT_EQ(Last().exiting().status(), -1);
  EXPECT_FALSE(Last().exiting().by_daemon());
  WriteLeftByDaemon(scope_, 1234);
  EXPECT_TRUE(Last().exiting().by_daemon());
  EXPECT_EQ(Last().at_ns(), 1234u);
}

TEST_F(WireTest, WhatAFileIsBeforeAnExecAndWhatItWasBeforeItWasEmptiedKeepsEveryField) {
  const FileFacts facts = {
      .identity = {.device = 1, .inode = 2}, .links = 3, .bytes = 4096, .apparent_bytes = ~uint64_t{0}};
  const auto expect_all = [](const FileState& state) {
    EXPECT_EQ(state.device(), 1u);
    EXPECT_EQ(state.inode(), 2u);
    EXPECT_EQ(state.links(), 3u);
    EXPECT_EQ(state.bytes(), 4096u);
    EXPECT_EQ(state.apparent_bytes(), ~uint64_t{0});
  };
  WriteWritten(scope_, 5, 9, facts);
  EXPECT_EQ(Last().written().fd(), 5);
  EXPECT_EQ(Last().written().id(), 9u);
  expect_all(Last().written().file());
  WriteOpened(scope_, {.id = 9, .fd = 5, .row = Row::open, .path = "x", .emptied = facts});
  expect_all(Last().opened().before());
}

TEST_F(WireTest, TheWorkingDirectoryIsToldOnceAfterItHasChangedAndOnlyWhereAPathLeadsFromIt) {
  const std::string here = std::filesystem::current_path().string();
  OpenedEvent event = {.id = 9, .fd = 5, .row = Row::open, .path = "x", .file = FileFacts()};
  const auto told = [&] {
    WriteOpened(scope_, event);
    return Last().opened().directory();
  };
  EXPECT_EQ(told(), "");
  DirectoryChanged();
  event.path = "/x";
  EXPECT_EQ(told(), "");
  event.path = "x";
  event.directory = open("/tmp", O_PATH | O_DIRECTORY);
  EXPECT_EQ(told(), "");
  EXPECT_EQ(Last().opened().path(), "/tmp/x");
  close(event.directory);
  event.directory = AT_FDCWD;
  EXPECT_EQ(told(), here);
  EXPECT_EQ(told(), "");
  DirectoryChanged();
  fdtrace_thread.vfork_depth = 1;
  EXPECT_EQ(told(), here);
  fdtrace_thread.vfork_depth = 0;
  EXPECT_EQ(told(), here) << "a vfork child's directory is not its parent's";
}

TEST_F(WireTest, WhatIsToldOfPythonKeepsEveryField) {
  // Objects as 3.11 has them: a code object with two strings, one of ASCII, one of wider characters.
  struct Text {
    uint64_t references, type, length, hash;
    uint32_t state;
    char32_t wide[16];
  } file = {}, name = {};
  PythonInterpreter python = {};
  python.layout = *FindPythonLayout(3, 11);
  python.text_type = 0x7e87;
  file = {.references = 1, .type = 0x7e87, .length = 5, .hash = 1, .state = 1 << 2 | 1 << 5 | 1 << 6, .wide = {}};
  std::memcpy(reinterpret_cast<char*>(&file) + python.layout.ascii_text, "/a.py", 5);
  name = {.references = 1, .type = 0x7e87, .length = 4, .hash = 2, .state = 4 << 2 | 1 << 5, .wide = {}};
  constexpr uint32_t kCharacters[] = {'f', 0xe9, 0x1f600, 0xdcff};
  std::memcpy(reinterpret_cast<char*>(&name) + python.layout.other_text, kCharacters, sizeof kCharacters);
  std::array<uint64_t, 24> code = {};
  code[python.layout.code_file / 8] = reinterpret_cast<uintptr_t>(&file);
  code[python.layout.code_name / 8] = reinterpret_cast<uintptr_t>(&name);
  code[python.layout.code_first_line / 8] = 77;
  static ReadableMemory memory;
  const CodeObject object(python, memory, reinterpret_cast<uintptr_t>(code.data()));
  ASSERT_TRUE(object.MakesSense());
  WritePythonCode(scope_, {.key = 0xfedcba9876543210, .code = object, .qualified = true});
  EXPECT_EQ(Last().python_code().key(), 0xfedcba9876543210);
  EXPECT_EQ(Last().python_code().file(), "/a.py");
  EXPECT_EQ(Last().python_code().function(), "f\u00e9\U0001f600\xff");
  EXPECT_EQ(Last().python_code().first_line(), 77u);
  EXPECT_TRUE(Last().python_code().qualified());

  python.doubt = PythonDoubt::kFreeThreaded;
  std::memcpy(python.version, "3.14.0", 7);
  WriteUnreadPython(scope_, python);
  EXPECT_EQ(Last().unread_python().reason(), UnreadPython::FREE_THREADED);
  EXPECT_EQ(Last().unread_python().version(), "3.14.0");

  WriteThreadName(scope_, PythonText(python, memory, reinterpret_cast<uintptr_t>(&file)));
  EXPECT_EQ(Last().thread().tid(), 77u);
  EXPECT_EQ(Last().thread().name(), "/a.py");
}

TEST_F(WireTest, WhatIsToldOfOtherProgramsKeepsEveryField) {
  const DescriptorOrigin origin = {.id = 9, .row = Row::socket, .stack = 0xfedcba9876543210};
  WriteKept(scope_, 5, origin);
  const Kept kept = Last().kept();
  EXPECT_EQ(kept.fd(), 5);
  EXPECT_EQ(kept.id(), 9u);
  EXPECT_EQ(kept.function(), static_cast<uint32_t>(Row::socket));
  EXPECT_EQ(kept.stack(), 0xfedcba9876543210);
  WriteExecuting(scope_, {.path = "/bin/x", .spawns = true, .uid = 7, .gid = 8, .no_new_privileges = true});
  EXPECT_EQ(Last().executing().path(), "/bin/x");
  EXPECT_TRUE(Last().executing().spawns());
  EXPECT_EQ(Last().executing().uid(), 7u);
  EXPECT_EQ(Last().executing().gid(), 8u);
  EXPECT_TRUE(Last().executing().no_new_privileges());
  WriteExecuting(scope_, {});
  EXPECT_TRUE(Last().has_executing());
  WriteExecFailed(scope_, 2);
  EXPECT_EQ(Last().exec_failed().error(), 2);
  WriteSpawned(scope_, 4711);
  EXPECT_EQ(Last().spawned().pid(), 4711u);
  WriteVforkChild(scope_, 4712, 12);
  EXPECT_EQ(Last().vfork_child().pid(), 4712u);
  EXPECT_EQ(Last().vfork_child().stack(), 12u);
  WriteVforkEnd(scope_);
  EXPECT_TRUE(Last().has_vfork_end());
}

TEST_F(WireTest, ADescriptorPassedOnKeepsEveryField) {
  WriteSent(scope_, 1234, 6, {.id = 9, .row = Row::socket, .stack = 12}, {.device = 13, .inode = 14});
  EXPECT_EQ(Last().at_ns(), 1234u);
  const Sent sent = Last().sent();
  EXPECT_EQ(sent.id(), 9u);
  EXPECT_EQ(sent.fd(), 6);
  EXPECT_EQ(sent.function(), static_cast<uint32_t>(Row::socket));
  EXPECT_EQ(sent.stack(), 12u);
  EXPECT_EQ(sent.device(), 13u);
  EXPECT_EQ(sent.inode(), 14u);
  WriteOpened(scope_, {.id = 9, .fd = 6, .row = Row::recvmsg, .identity = {.device = 13, .inode = 14}});
  EXPECT_EQ(Last().opened().device(), 13u);
  EXPECT_EQ(Last().opened().inode(), 14u);
}

TEST_F(WireTest, WhatASandboxForbidsIsTold) {
  WriteConfined(scope_, true, false);
  EXPECT_TRUE(Last().confined().no_hello());
  EXPECT_FALSE(Last().confined().no_stacks());
  WriteConfined(scope_, false, true);
  EXPECT_FALSE(Last().confined().no_hello());
  EXPECT_TRUE(Last().confined().no_stacks());
}

TEST(WireWriterTest, AFieldThatDoesNotFitIsLeftOutAndSaid) {
  std::array<unsigned char, 16> buffer;
  WireWriter wire(buffer);
  wire.Varint(1, 300);
  const size_t before = wire.written().size();
  wire.Bytes(2, "0123456789012345", 16);
  EXPECT_TRUE(wire.overflow());
  EXPECT_EQ(wire.written().size(), before);
}

TEST(RowsTest, EveryResourceOfTheTableIsThatOfTheProtocol) {
  for (const RowFacts& row : kRows) {
    const auto number = static_cast<int>(row.resource);
    EXPECT_TRUE(Resource_IsValid(number)) << row.name();
  }
  EXPECT_EQ(static_cast<int>(ResourceKind::FILE), FILE);
  EXPECT_EQ(static_cast<int>(ResourceKind::MEMFD), MEMFD);
  EXPECT_EQ(static_cast<int>(ResourceKind::PIDFD), PIDFD);
  EXPECT_EQ(static_cast<int>(ResourceKind::SECCOMP), SECCOMP);
  EXPECT_EQ(static_cast<int>(ResourceKind::NAMESPACE), NAMESPACE);
  EXPECT_EQ(Resource_ARRAYSIZE, static_cast<int>(ResourceKind::NAMESPACE) + 1);
}

}  // namespace
}  // namespace fdtrace
