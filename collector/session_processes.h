// The images of the processes that live, by serial and by pid, and the ends of these processes as the kernel tells
// them.
//
//  - One image a process: what comes by exec takes its predecessor's place.
//  - Of the latest that were buried it keeps their pids and starts, and nothing else.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/session_image.h"

namespace fdtrace {

class Processes {
 public:
  // The end of image N makes EPOLL tell FIRST_ABOUT + N.
  Processes(int epoll, uint64_t first_about) : epoll_(epoll), first_about_(first_about) {}

  bool full() const { return last_serial_ == kMaxSerial; }
  uint32_t TakeSerial() { return ++last_serial_; }

  TracedImage* BySerial(uint32_t serial) const;
  TracedImage* ByPid(pid_t pid) const;
  std::vector<TracedImage*> All() const;
  std::vector<pid_t> Pids() const;
  // Whether an image of PID is here, or was, that started AT_NS after the recording did or later.
  bool HasHadSince(pid_t pid, uint64_t at_ns) const;
  bool empty() const { return images_.empty(); }
  size_t size() const { return images_.size(); }

  TracedImage& Add(std::unique_ptr<TracedImage> image);
  // Its watch may have been moved out.
  void Remove(const TracedImage& image);

  // Epoll has told of the end of an image's process.
  void Ended(uint32_t serial) { ended_.push_back(serial); }
  // Serials of those to be buried.
  std::vector<uint32_t> TakeDead();
  // The kernel or a limit denied us a pidfd: TakeDead must be asked every now and then.
  bool must_be_polled() const { return without_pidfd_ != 0; }

 private:
  struct Gone {
    pid_t pid;
    uint64_t started_ns;
  };

  const int epoll_;
  const uint64_t first_about_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<TracedImage>> images_;
  absl::flat_hash_map<pid_t, uint32_t> serials_;
  uint32_t last_serial_ = 0;
  std::vector<uint32_t> ended_;
  size_t without_pidfd_ = 0;
  absl::flat_hash_map<pid_t, uint64_t> gone_;  // when the last image of each had started
  std::deque<Gone> latest_gone_;
};

}  // namespace fdtrace
