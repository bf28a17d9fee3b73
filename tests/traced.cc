#include "tests/traced.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fdtrace {
namespace {

std::string Required(const char* variable) {
  const char* const value = getenv(variable);
  if (value == nullptr) ADD_FAILURE() << variable << " is not set: run this by meson test";
  return value == nullptr ? "" : value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// Waits for the child within the limit; past it, kills it and whatever it started.
void Await(pid_t child, int limit_seconds, Ran& ran) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(limit_seconds);
  int status = 0;
  rusage usage = {};
  while (wait4(child, &status, WNOHANG, &usage) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "still running after " << limit_seconds << " s";
      kill(-child, SIGKILL);
      wait4(child, &status, 0, &usage);
      break;
    }
    usleep(1000);
  }
  ran.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  ran.peak_memory_bytes = usage.ru_maxrss * 1024;
}

[[noreturn]] void Become(const std::vector<std::string>& command, const std::string& directory) {
  setpgid(0, 0);
  dup2(open((directory + "/in").c_str(), O_RDONLY | O_CLOEXEC), 0);
  dup2(open((directory + "/out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 1);
  dup2(open((directory + "/err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 2);
  closefrom(3);  // another thread of the test may have files open
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "fdtrace-test-XXXXXX";
  path_ = mkdtemp(pattern.data());
}
TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

Ran RunBare(const std::vector<std::string>& command, const std::string& input, int limit_seconds) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() + "/in") << input;
  const pid_t child = fork();
  if (child == 0) Become(command, directory.path());
  Ran ran;
  Await(child, limit_seconds, ran);
  ran.out = ReadFile(directory.path() + "/out");
  ran.err = ReadFile(directory.path() + "/err");
  return ran;
}

Traced Trace(const std::vector<std::string>& command, const std::vector<std::string>& options, const std::string& input,
             int limit_seconds) {
  const TemporaryDirectory directory;
  const std::string report = directory.path() + "/report.json";
  std::vector<std::string> all = {FdtraceBinary(), "-q", "-r", report, "-o", directory.path() + "/trace.fdt"};
  all.insert(all.end(), options.begin(), options.end());
  all.push_back("--");
  all.insert(all.end(), command.begin(), command.end());
  Traced traced;
  traced.ran = RunBare(all, input, limit_seconds);
  if (std::filesystem::exists(report)) traced.report = ReadReport(report);
  return traced;
}

Traced TraceAsBare(const std::vector<std::string>& command, int status, int limit_seconds) {
  const Ran bare = RunBare(command, "", limit_seconds);
  EXPECT_EQ(bare.status, status) << "without fdtrace: " << bare.out << bare.err;
  const Traced traced = Trace(command, {}, "", limit_seconds);
  EXPECT_EQ(traced.ran.status, bare.status) << traced.ran.err;
  EXPECT_EQ(traced.ran.out, bare.out);
  EXPECT_EQ(traced.ran.err, bare.err);
  return traced;
}

Report ReadReport(const std::string& path) {
  Report report;
  const auto parsed = google::protobuf::util::JsonStringToMessage(ReadFile(path), &report);
  EXPECT_TRUE(parsed.ok()) << parsed.ToString();
  return report;
}

std::string Program(const std::string& name) { return Required("FDTRACE_TEST_PROGRAMS") + "/" + name; }
std::string FdtraceBinary() { return Required("FDTRACE_BINARY"); }

LeakSite LeakIn(const Report& report, const std::string& function) {
  for (const LeakSite& leak : report.leaks()) {
    if (leak.stack_size() > 0 && leak.stack(0).function() == function) return leak;
  }
  ADD_FAILURE() << "no leak in " << function << "; the report has:\n" << Describe(report);
  return {};
}

std::string Describe(const Report& report) {
  std::ostringstream text;
  for (const LeakSite& leak : report.leaks()) {
    text << "  " << LeakSite::Verdict_Name(leak.verdict()) << " " << leak.still_open() << "/" << leak.opened() << " "
         << leak.resource() << " " << leak.call() << " in";
    for (const Frame& frame : leak.stack()) text << " " << frame.function();
    for (const Descriptor& descriptor : leak.descriptors())
      text << " [" << descriptor.fd() << " " << descriptor.path() << "]";
    text << "\n";
  }
  for (const Inherited& inherited : report.inherited()) {
    text << "  inherited " << inherited.count() << " " << inherited.call() << " by " << inherited.executable()
         << (inherited.from_caller() ? " from the caller" : "") << ", numbers";
    for (const int fd : inherited.fds()) text << " " << fd;
    text << "\n";
  }
  for (const Process& process : report.processes()) {
    if (!process.untraced_reason().empty())
      text << "  untraced " << process.executable() << ": " << process.untraced_reason() << "\n";
  }
  text << "  opened " << report.recording().opened() << ", still open " << report.recording().still_open() << ", lost "
       << report.recording().events_lost() << ", " << report.processes_size() << " processes, "
       << (report.recording().complete() ? "complete" : "not complete") << "\n";
  text << "  corrections: opened unseen " << report.recording().corrections().opened_unseen() << ", closed unseen "
       << report.recording().corrections().closed_unseen() << "\n";
  for (const std::string& note : report.recording().notes()) text << "  note: " << note << "\n";
  return text.str();
}

std::string DescribeFiles(const Report& report) {
  std::ostringstream text;
  for (const PinnedFile& file : report.pinned_files()) text << "  pinned: " << file.ShortDebugString() << "\n";
  for (const Leftover& left : report.leftovers()) text << "  left: " << left.ShortDebugString() << "\n";
  for (const Writer& writer : report.writers()) text << "  writer: " << writer.ShortDebugString() << "\n";
  return text.str();
}

uint32_t StillOpenIn(const Report& report, const std::string& function) {
  uint32_t still_open = 0;
  for (const LeakSite& leak : report.leaks()) {
    if (FunctionOf(leak.stack()) == function) still_open += leak.still_open();
  }
  return still_open;
}

std::string FunctionOf(const google::protobuf::RepeatedPtrField<Frame>& stack) {
  return stack.empty() ? "" : stack[0].function();
}

}  // namespace fdtrace
