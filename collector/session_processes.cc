#include "collector/session_processes.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fdtrace {
namespace {

constexpr size_t kMaxGone = 1024;

}  // namespace

TracedImage* Processes::BySerial(uint32_t serial) const {
  const auto image = images_.find(serial);
  return image == images_.end() ? nullptr : image->second.get();
}

TracedImage* Processes::ByPid(pid_t pid) const {
  const auto serial = serials_.find(pid);
  return serial == serials_.end() ? nullptr : BySerial(serial->second);
}

std::vector<TracedImage*> Processes::All() const {
  std::vector<TracedImage*> all;
  all.reserve(images_.size());
  for (const auto& [serial, image] : images_) all.push_back(image.get());
  return all;
}

std::vector<pid_t> Processes::Pids() const {
  std::vector<pid_t> pids;
  pids.reserve(serials_.size());
  for (const auto& [pid, serial] : serials_) pids.push_back(pid);
  return pids;
}

bool Processes::HasHadSince(pid_t pid, uint64_t at_ns) const {
  const TracedImage* const here = ByPid(pid);
  if (here != nullptr && here->described.started_ns >= at_ns) return true;
  const auto gone = gone_.find(pid);
  return gone != gone_.end() && gone->second >= at_ns;
}

TracedImage& Processes::Add(std::unique_ptr<TracedImage> image) {
  TracedImage& added = *image;
  serials_[added.pid()] = added.serial();
  images_[added.serial()] = std::move(image);
  epoll_event interest = {.events = EPOLLIN, .data = {.u64 = first_about_ + added.serial()}};
  const int pidfd = added.watch.fd();
  if (pidfd < 0) {
    ++without_pidfd_;
    added.polled = true;
  } else if (epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd, &interest) != 0 && errno == EEXIST) {
    epoll_ctl(epoll_, EPOLL_CTL_MOD, pidfd, &interest);  // its predecessor's
  }
  return added;
}

void Processes::Remove(const TracedImage& image) {
  if (image.polled) --without_pidfd_;
  const auto serial = serials_.find(image.pid());
  if (serial != serials_.end() && serial->second == image.serial()) serials_.erase(serial);
  const Gone gone = {.pid = image.pid(), .started_ns = image.described.started_ns};
  gone_[gone.pid] = gone.started_ns;
  latest_gone_.push_back(gone);
  if (latest_gone_.size() > kMaxGone) {
    const auto oldest = gone_.find(latest_gone_.front().pid);
    if (oldest != gone_.end() && oldest->second == latest_gone_.front().started_ns) gone_.erase(oldest);
    latest_gone_.pop_front();
  }
  images_.erase(image.serial());
}

std::vector<uint32_t> Processes::TakeDead() {
  for (const auto& [serial, image] : images_) {
    if (without_pidfd_ == 0) break;
    if (image->polled) ended_.push_back(serial);
  }
  std::vector<uint32_t> dead = std::exchange(ended_, {});
  std::sort(dead.begin(), dead.end());
  dead.erase(std::unique(dead.begin(), dead.end()), dead.end());
  std::erase_if(dead, [this](uint32_t serial) {
    const TracedImage* const image = BySerial(serial);
    return image == nullptr || !image->watch.Ended();
  });
  return dead;
}

}  // namespace fdtrace
