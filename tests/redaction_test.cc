// What a redacted recording tells: nothing of what people name, and who leaks all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/trace_file.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "s3cr3t";

// Opens, fails, removes, leaves behind and runs things, each with the secret in its name.
constexpr char kScript[] = R"(
import os, shutil, socket, subprocess, sys, threading
def leak():
    here = sys.argv[1] + "/"
    os.open(here + "s3cr3t-read.txt", os.O_RDONLY | os.O_CREAT)
    gone = os.open(here + "s3cr3t gone", os.O_RDWR | os.O_CREAT)
    os.write(gone, b"x" * 200000)
    os.unlink(here + "s3cr3t gone")
    named = socket.socket(socket.AF_UNIX)
    named.bind(here + "s3cr3t.sock")
    named.listen()
    named.detach()
    hidden = socket.socket(socket.AF_UNIX)
    hidden.bind("\0s3cr3t abstract")
    hidden.detach()
    os.memfd_create("s3cr3t-memory")
    os.set_inheritable(os.dup(gone), True)
    try: open(here + "s3cr3t-missing")
    except OSError: pass
    for name in (here + "s3cr3t-tool", "echo"):
        subprocess.run([name, "s3cr3t-argument"], close_fds=False, stdout=subprocess.DEVNULL)
    subprocess.run(["sh", here + "s3cr3t-script.sh"])
    os.chdir(here)
    os.open("s3cr3t relative", os.O_WRONLY | os.O_CREAT)
leak()
)";

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Decompressed(const std::string& trace) {
  const auto reader = TraceReader::Open(trace);
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::string records;
  for (TraceRecord record; reader.ok() && (*reader)->Next(record);) records += record.SerializeAsString();
  return records;
}

class RedactedRecording : public ::testing::Test {
 protected:
  RedactedRecording() : here_(directory_.path() + "/s3cr3t-directory"), trace_(directory_.path() + "/t.fdt") {
    std::filesystem::create_directory(here_);
    std::ofstream(here_ + "/s3cr3t-main.py") << kScript;
    std::ofstream(here_ + "/s3cr3t-script.sh") << "exec 8</dev/null; cd /; : >/dev/null\n";
    std::filesystem::copy_file("/bin/echo", here_ + "/s3cr3t-tool");
    setenv("S3CR3T", kSecret, 1);
  }
  ~RedactedRecording() override { unsetenv("S3CR3T"); }

  void Record(const std::vector<std::string>& options) {
    std::vector<std::string> command = {FdtraceBinary(), "-q", "-o", trace_};
    command.insert(command.end(), options.begin(), options.end());
    for (const char* word : {"--", "/usr/bin/python3"}) command.push_back(word);
    for (const std::string& word : {here_ + "/s3cr3t-main.py", here_, std::string("--password=s3cr3t")}) {
      command.push_back(word);
    }
    const Ran ran = RunBare(command);
    ASSERT_EQ(ran.status, 0) << ran.err;
  }
  std::string ReportIn(const std::string& format, const std::vector<std::string>& options) {
    std::vector<std::string> command = {FdtraceBinary(), "report", trace_, "--format", format};
    command.insert(command.end(), options.begin(), options.end());
    const Ran ran = RunBare(command);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out;
  }
  void ExpectNoSecretInAnyForm(const std::vector<std::string>& options) {
    for (const char* format : {"text", "json", "sarif", "markdown", "junit", "github", "gitlab"}) {
      const std::string report = ReportIn(format, options);
      EXPECT_FALSE(report.empty()) << format;
      EXPECT_THAT(report, Not(HasSubstr(kSecret))) << format;
    }
  }

  TemporaryDirectory directory_;
  const std::string here_, trace_;
};

TEST_F(RedactedRecording, HoldsNoNameThatPeopleGaveAndNoArgument) {
  Record({"--redact", "--sources", "-r", directory_.path() + "/r.json", "-r", directory_.path() + "/r.txt"});
  EXPECT_THAT(Decompressed(trace_), Not(HasSubstr(kSecret)));
  ExpectNoSecretInAnyForm({});
  for (const char* name : {"/r.json", "/r.txt"}) {
    EXPECT_THAT(Content(directory_.path() + name), AllOf(HasSubstr("redacted"), Not(HasSubstr(kSecret))));
  }
}

TEST_F(RedactedRecording, StillTellsWhoLeaks) {
  Record({"--redact"});
  EXPECT_THAT(ReportIn("text", {}), AllOf(HasSubstr("leak"), HasSubstr("redacted"), HasSubstr("/usr/bin/python3")));
}

TEST_F(RedactedRecording, CanBeMadeOfOneThatHoldsEverything) {
  Record({});
  EXPECT_THAT(Decompressed(trace_), HasSubstr("s3cr3t-read.txt"));  // or the next line could not fail
  EXPECT_THAT(ReportIn("json", {}), HasSubstr("s3cr3t"));
  ExpectNoSecretInAnyForm({"--redact"});
  EXPECT_THAT(ReportIn("text", {"--redact"}), HasSubstr("redacted"));
}

}  // namespace
}  // namespace fdtrace
