#include "collector/left_behind.h"

#include <fcntl.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "collector/file_facts.h"

namespace fdtrace {
namespace {

using Clock = std::chrono::steady_clock;

// A look that may outlive the one who asked for it, in a system call on a file system that does not answer.
class Look {
 public:
  Look(std::vector<CreatedFile> files, Clock::time_point until) : files_(std::move(files)), until_(until) {}

  void Run() {
    for (const CreatedFile& file : files_) {
      if (Clock::now() >= until_) break;
      const auto status = StatusAt(AT_FDCWD, file.path.c_str());
      const auto facts = status.has_value() ? FactsOf(*status) : std::nullopt;
      const bool same = facts.has_value() && facts->device == file.device && facts->inode == file.inode;
      const std::lock_guard lock(mutex_);
      if (same) found_.there.emplace_back(file, *facts);
      --found_.not_reached;
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    ended_.notify_one();
  }

  LookedFor Wait() {
    std::unique_lock lock(mutex_);
    ended_.wait_until(lock, until_, [this] { return over_; });
    return found_;
  }

 private:
  const std::vector<CreatedFile> files_;
  const Clock::time_point until_;
  std::mutex mutex_;
  std::condition_variable ended_;
  LookedFor found_ = {.there = {}, .not_reached = files_.size()};
  bool over_ = false;
};

}  // namespace

LookedFor LookFor(std::vector<CreatedFile> files, std::chrono::nanoseconds limit) {
  if (files.empty()) return {};
  const auto look = std::make_shared<Look>(std::move(files), Clock::now() + limit);
  try {
    std::thread([look] { look->Run(); }).detach();
  } catch (const std::system_error&) {  // no thread to be had
    look->Run();
  }
  return look->Wait();
}

}  // namespace fdtrace
