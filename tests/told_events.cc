#include "tests/told_events.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "collector/session.h"
#include "collector/session_testing.h"
#include "tests/traced.h"

namespace fdtrace {
namespace {

constexpr unsigned kLimitSeconds = 20;

[[noreturn]] void Become(const std::vector<std::string>& command, const std::string& session) {
  const std::filesystem::path library =
      std::filesystem::path(FdtraceBinary()).parent_path() / "interposer/libfdtrace.so";
  const std::string program = Program(command[0]);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  alarm(kLimitSeconds);
  setenv("LD_PRELOAD", library.c_str(), 1);
  setenv(kSessionVariable, session.c_str(), 1);
  execv(program.c_str(), words.data());
  _exit(127);
}

}  // namespace

std::vector<Event> EventsOf(const std::vector<std::string>& command) {
  RememberingModel model;
  std::vector<Event> events;
  auto session = Session::Open(model);
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return events;
  const pid_t program = fork();
  if (program == 0) Become(command, (*session)->variable());
  const Served served = (*session)->Serve({.root_pid = program});
  EXPECT_TRUE(WIFEXITED(served.wait_status) && WEXITSTATUS(served.wait_status) == 0) << "status " << served.wait_status;
  for (const auto& [serial, followed] : model.images) {
    EXPECT_EQ(followed.lost, 0u);
    for (const auto& [ring, event] : followed.events) events.push_back(event);
  }
  return events;
}

}  // namespace fdtrace
