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
      auto found = Find(file);
      const std::lock_guard lock(mutex_);
      if (found.has_value()) found_.there.push_back(*std::move(found));
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
  using Found = std::pair<CreatedFile, FileFacts>;

  static std::optional<Found> Find(const CreatedFile& file) {
    if (auto found = FindBy(file.path, file)) return found;
    for (const std::string& path : file.other_paths) {
      if (auto found = FindBy(path, file)) return found;
    }
    return std::nullopt;
  }

  static std::optional<Found> FindBy(const std::string& path, const CreatedFile& file) {
    const auto status = StatusAt(AT_FDCWD, path.c_str());
    const auto facts = status.has_value() ? FactsOf(*status) : std::nullopt;
    if (!facts.has_value() || facts->device != file.device || facts->inode != file.inode) return std::nullopt;
    return Found({.device = file.device, .inode = file.inode, .path = path}, *facts);
  }

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
