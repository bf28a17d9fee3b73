#include "viewer/early_symbols.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "absl/strings/match.h"

namespace fdtrace {
namespace {

// What is read stays in memory up to the end.
constexpr size_t kMaxModules = 64;
constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
// Whoever has more code than this waits in the end.
constexpr size_t kMaxAddresses = 20'000;

// Those of the process, though the thread that made this one keeps to a single one.
void UseAllProcessors() {
  cpu_set_t all;
  if (sched_getaffinity(getpid(), sizeof all, &all) == 0) sched_setaffinity(0, sizeof all, &all);
}

}  // namespace

EarlySymbols::EarlySymbols(std::vector<std::string> installed) : installed_(std::move(installed)) {}

EarlySymbols::~EarlySymbols() { Stop(); }

bool EarlySymbols::IsInstalled(const std::string& path) const {
  return std::any_of(installed_.begin(), installed_.end(),
                     [&](const std::string& directory) { return absl::StartsWith(path, directory); });
}

void EarlySymbols::Want(const std::string& path, const std::string& build_id, uint64_t address) {
  if (build_id.empty() || address == 0 || !IsInstalled(path)) return;
  if (known_.size() == kMaxAddresses || !known_.insert({{path, build_id}, address}).second) return;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    wanted_.push_back({{path, build_id}, address});
  }
  changed_.notify_one();
  if (thread_.joinable()) return;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the caller's signals are for the caller's threads
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    stopping_ = true;  // all will be read in the end
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::unique_ptr<ModuleSymbols> EarlySymbols::Take(const std::string& path, const std::string& build_id) {
  Stop();
  const auto it = modules_.find(Key(path, build_id));
  return it == modules_.end() ? nullptr : std::move(it->second);
}

void EarlySymbols::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void EarlySymbols::Run() {
  pthread_setname_np(pthread_self(), "fdtrace-symbols");
  UseAllProcessors();
  uint64_t bytes = 0;
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    const auto [key, address] = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    auto it = modules_.find(key);
    if (it == modules_.end() && modules_.size() < kMaxModules) {
      auto opened = ModuleSymbols::Open({.path = key.first, .build_id = key.second});
      it = modules_.emplace(key, opened.ok() ? *std::move(opened) : nullptr).first;
      if (it->second != nullptr) bytes += it->second->file_bytes();
      if (bytes > kMaxBytes) it->second.reset();
    }
    if (it != modules_.end() && it->second != nullptr) (void)it->second->Find(address - 1);
    lock.lock();
  }
}

}  // namespace fdtrace
