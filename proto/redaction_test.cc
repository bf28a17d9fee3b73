#include "proto/redaction.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/trace_file.h"

namespace fdtrace {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(RedactedPath, KeepsWhatIsTheSameOnEveryMachine) {
  for (const char* path : {"", "/", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/bin/sh", "/dev/null", "/dev/pts/3",
                           "/proc/self/status", "/tmp", "pipe:[123]", "anon_inode:[eventpoll]", "socket:[7]"}) {
    EXPECT_EQ(RedactedPath(path), path);
  }
}

TEST(RedactedPath, ReplacesEachFurtherNameByTheSameWhereverItStands) {
  const std::string file = RedactedPath("/home/anna/plan.py");
  EXPECT_THAT(file, MatchesRegex("/home/~[0-9a-f]{8}/~[0-9a-f]{8}\\.py"));
  EXPECT_EQ(RedactedPath("anna/plan.py"), file.substr(6));
  EXPECT_EQ(RedactedPath("/home/anna/plan.py (deleted)"), file + " (deleted)");
  EXPECT_NE(RedactedPath("/home/anne/plan.py"), file);
  EXPECT_EQ(RedactedPath(file), file) << "redacted twice";
}

TEST(RedactedPath, HidesWhatOnlySeemsToBeKnown) {
  for (const char* path : {"/usr/../home/secret", "/dev/shm/secret", "/proc/self/root/home/secret",
                           "/memfd:secret (deleted)", "secret", "./secret", "/secret/x", "/tmp/a secret", "@secret",
                           "/home/x.secret", "usr/secret", "pipe:[secret]/x", "/etc/secret.conf", "pipe:[1] secret"}) {
    EXPECT_THAT(RedactedPath(path), Not(HasSubstr("secret"))) << path;
  }
}

TraceRecord ProcessOf(const std::string& executable, const std::vector<std::string>& command) {
  TraceRecord record;
  record.mutable_process()->set_pid(7);
  record.mutable_process()->set_executable(executable);
  for (const std::string& word : command) record.mutable_process()->add_command_line(word);
  return record;
}

TraceRecord Redacted(TraceRecord record, const std::vector<TraceRecord>& others = {}) {
  Redaction redaction;
  for (const TraceRecord& other : others) redaction.Learn(other);
  redaction.Learn(record);
  redaction.Apply(record);
  return record;
}

TEST(Redaction, KeepsTheProgramOfACommandAndHowManyArgumentsItHad) {
  const TraceRecord record = Redacted(ProcessOf("/usr/bin/curl", {"curl", "-u", "me:secret"}));
  EXPECT_THAT(record.process().command_line(), ElementsAre("/usr/bin/curl", "***", "***"));
}

TEST(Redaction, HidesATitleThatAProgramGivesItself) {
  const TraceRecord record = Redacted(ProcessOf("/usr/sbin/postgres", {"postgres: secret@customers"}));
  EXPECT_THAT(record.process().command_line(), ElementsAre("/usr/sbin/postgres"));
}

TEST(Redaction, KeepsAReasonAndReplacesTheProgramInIt) {
  TraceRecord record = ProcessOf("/home/me/my secret tool", {});
  record.mutable_process()->set_untraced_reason(
      "/home/me/my secret tool is statically linked, so no library can be loaded");
  const std::string reason = Redacted(record).process().untraced_reason();
  EXPECT_THAT(reason, HasSubstr("is statically linked"));
  EXPECT_THAT(reason, Not(HasSubstr("secret")));
}

TEST(Redaction, LeavesOutASentenceWithAFileThatItCannotTellTheEndOf) {
  TraceRecord record;
  record.mutable_end()->add_notes("3 events were lost");
  record.mutable_end()->add_notes("cannot read /home/me/my secret file");
  EXPECT_THAT(Redacted(record).end().notes(), ElementsAre("3 events were lost", "left out by --redact"));
}

TEST(Redaction, HidesThreadsNamedAfterHiddenProgramsAndScriptsAlone) {
  const std::vector<TraceRecord> processes = {ProcessOf("/home/me/secret-long-tool-name", {}),
                                              ProcessOf("/usr/bin/dash", {"/bin/sh", "/home/me/secret.sh"})};
  const auto name = [&](const char* thread) {
    TraceRecord record;
    record.mutable_open_descriptor()->set_thread(thread);
    return Redacted(record, processes).open_descriptor().thread();
  };
  EXPECT_THAT(name("secret-long-too"), Not(HasSubstr("secret")));
  EXPECT_THAT(name("secret.sh"), Not(HasSubstr("secret")));
  EXPECT_EQ(name("worker-1"), "worker-1");
  EXPECT_EQ(name("dash"), "dash");
}

TEST(Redaction, HidesNamesInDescriptionsOfSocketsAndOtherEnds) {
  const auto described = [](const char* text) {
    TraceRecord record;
    record.mutable_open_descriptor()->set_description(text);
    return Redacted(record).open_descriptor().description();
  };
  EXPECT_THAT(described("unix @my secret LISTEN"), MatchesRegex("unix ~[0-9a-f]{8} LISTEN"));
  EXPECT_EQ(described("unix (unnamed)"), "unix (unnamed)");
  EXPECT_EQ(described("tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT"),
            "tcp 127.0.0.1:80 <-> 127.0.0.1:5000 CLOSE_WAIT");
  EXPECT_EQ(described("pipe:[1] read end; the other end: fd 3 of pid 4 (secret)"),
            "pipe:[1] read end; the other end: fd 3 of pid 4");
}

// Calls set(message, field) for every text that there can be in a record, and counts them.
template <typename Set>
int ForEachText(Message& message, Set set) {
  int texts = 0;
  const auto& kind = *message.GetDescriptor();
  for (int i = 0; i < kind.field_count(); ++i) {
    const FieldDescriptor& field = *kind.field(i);
    const auto& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      texts += ForEachText(
          field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field),
          set);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      set(message, field);
      ++texts;
    }
  }
  return texts;
}

// A field that somebody adds is to be thought about: the table must have it.
TEST(Redaction, KnowsWhatEveryTextOfATraceIs) {
  const auto& kinds = *TraceRecord::descriptor()->FindOneofByName("record");
  for (int i = 0; i < kinds.field_count(); ++i) {
    TraceRecord record;
    const int texts = ForEachText(*record.GetReflection()->MutableMessage(&record, kinds.field(i)),
                                  [](Message& message, const FieldDescriptor& field) {
                                    if (field.is_repeated()) {
                                      message.GetReflection()->AddString(&message, &field, "plain");
                                    } else {
                                      message.GetReflection()->SetString(&message, &field, "plain");
                                    }
                                  });
    if (texts == 0) continue;
    EXPECT_THAT(Redacted(record).DebugString(), Not(HasSubstr("left out by --redact"))) << kinds.field(i)->name();
  }
}

TEST(Redaction, OfAFileSaysThatItIsRedacted) {
  std::string directory = testing::TempDir() + "/redaction_test.XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string from = directory + "/from.fdt", to = directory + "/to.fdt";
  TraceRecord start;
  start.mutable_start()->set_directory("/home/secret");
  start.mutable_start()->add_command("secret");
  const auto writer = TraceWriter::Create(from).value();
  ASSERT_TRUE(writer->Append(start).ok() && writer->Close().ok());
  ASSERT_TRUE(CopyRedacted(from, to).ok());
  TraceRecord read;
  ASSERT_TRUE(TraceReader::Open(to).value()->Next(read));
  EXPECT_TRUE(read.start().redacted());
  EXPECT_THAT(read.DebugString(), Not(HasSubstr("secret")));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace fdtrace
