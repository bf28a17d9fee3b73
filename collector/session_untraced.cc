#include "collector/session_untraced.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "collector/program.h"
#include "collector/shared_memory.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

// See proc(5).
Caller CallerOf(const ProcessDirectory& process) {
  Caller caller = Caller::Current();
  int no_new_privileges = 0;
  const std::string status = process.Read("status");
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::string text(line);
    sscanf(text.c_str(), "Uid: %u", &caller.uid);
    sscanf(text.c_str(), "Gid: %u", &caller.gid);
    if (sscanf(text.c_str(), "NoNewPrivs: %d", &no_new_privileges) == 1) {
      caller.no_new_privileges = no_new_privileges == 1;
    }
  }
  return caller;
}

// The file that PATH, as passed to a call, stood for: as well as can be told afterwards.
std::string FileOf(const std::string& path, const std::string& working_directory) {
  if (path.empty() || absl::StartsWith(path, "/")) return path;
  if (absl::StrContains(path, '/')) {
    return working_directory.empty() ? path : absl::StrCat(working_directory, "/", path);
  }
  return FindProgram(path, getenv("PATH")).value_or(path);
}

}  // namespace

void ExecutionsToLookAt::LookAgain(uint32_t serial, uint64_t began_ns, uint64_t now_ns) {
  const uint64_t passed_ns = now_ns - std::min(began_ns, now_ns);
  looks_.emplace(now_ns + std::max(passed_ns, kFirstLookNs), serial);
}

uint64_t ExecutionsToLookAt::Next(const std::function<bool(uint32_t serial)>& in_question) {
  while (!looks_.empty() && !in_question(looks_.top().second)) looks_.pop();
  return looks_.empty() ? kNever : looks_.top().first;
}

std::vector<uint32_t> ExecutionsToLookAt::TakeDue(uint64_t now_ns) {
  std::vector<uint32_t> due;
  for (; !looks_.empty() && looks_.top().first <= now_ns; looks_.pop()) due.push_back(looks_.top().second);
  return due;
}

std::optional<UntracedProgram> LookAtProgram(const ProcessDirectory& process, const std::string& path,
                                             const std::string& variable) {
  // Unreadable maps are those of a program with more privileges than ours.
  if (absl::StrContains(process.Read("maps"), kSessionPageName)) return std::nullopt;
  UntracedProgram program = {.executable = process.Executable().value_or(""),
                             .command_line = process.CommandLine(),
                             .reason = {},
                             .present = std::nullopt};
  if (program.executable.empty()) program.executable = FileOf(path, process.WorkingDirectory());
  program.reason = InspectProgram(program.executable, CallerOf(process)).untraced_reason;
  const std::string environment = process.Read("environ");
  if (program.reason.empty() && !environment.empty() &&
      !absl::StrContains(environment, absl::StrCat(kSessionVariable, "=", variable))) {
    program.reason = absl::StrCat(program.executable, " never reported: it was started without fdtrace's environment");
  }
  return program;
}

UntracedProgram ProgramOfEnded(const AnnouncedProgram& announced, pid_t parent) {
  const auto directory = ProcessDirectory::Open(parent);
  UntracedProgram program;
  program.executable = FileOf(announced.path, directory.ok() ? directory->WorkingDirectory() : "");
  program.reason = InspectProgram(program.executable, announced.caller).untraced_reason;
  if (program.reason.empty()) program.reason = NeverReported(program.executable);
  return program;
}

std::string NeverReported(const std::string& executable) {
  return absl::StrCat(executable.empty() ? "a program" : executable,
                      " never reported: it may have been started without fdtrace's environment, in another network "
                      "namespace, without memory for it, or died while it was being loaded");
}

}  // namespace fdtrace
