// A session for tests, and the model it tells everything to.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "collector/session.h"
#include "collector/session_testing.h"

namespace fdtrace {

class SessionFixture : public ::testing::Test {
 protected:
  SessionFixture() : session_(Session::Open(model_).value()), variable_(session_->variable()) {}

  Served Serve(pid_t root, std::chrono::nanoseconds linger = std::chrono::seconds(10)) {
    return session_->Serve({.root_pid = root, .linger = linger});
  }
  std::vector<uint64_t> OpenedIds(uint32_t serial) const { return OpenedIds(model_.images.at(serial)); }
  static std::vector<uint64_t> OpenedIds(const RememberingModel::Followed& followed) {
    std::vector<uint64_t> ids;
    for (const auto& [ring, event] : followed.events) {
      if (event.has_opened()) ids.push_back(event.opened().id());
    }
    return ids;
  }

  RememberingModel model_;
  std::unique_ptr<Session> session_;
  const std::string variable_;
};

}  // namespace fdtrace
