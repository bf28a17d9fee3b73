// Memory shared with the traced processes: the session page and the arenas.
//
//  - Its size is sealed, so that no process can make ours fault by cutting it short.
//  - Sparse: a page takes memory once it has been touched.
#pragma once

#include <linux/futex.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "collector/owned_fd.h"
#include "proto/session.h"

namespace fdtrace {

// Names of the memory files that every process maps when it is welcomed, and loses when it execs.
inline constexpr char kSessionPageName[] = "fdtrace-session";
inline constexpr char kArenaName[] = "fdtrace-arena";

class SharedMemory {
 public:
  static absl::StatusOr<SharedMemory> Create(const char* name, size_t bytes);  // zeroed
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  // So many bytes from its beginning are about to be touched: their pages at once, which takes less time than one by
  // one.
  void Ready(size_t bytes);

  void* address() const { return address_; }
  int fd() const { return fd_.get(); }
  void CloseFd() { fd_ = OwnedFd(); }  // the mapping stays

 private:
  SharedMemory(OwnedFd fd, void* address, size_t bytes) : fd_(std::move(fd)), address_(address), bytes_(bytes) {}

  OwnedFd fd_;
  void* address_ = nullptr;
  size_t bytes_ = 0;
};

// Marks the page's collector_lock as held by the calling thread, to be released by the same thread; should the thread
// end before that, however it ends, the kernel marks the word (see kFutexOwnerDied).
//
// A pthread mutex in the page would do the same, but its list links would lie where any traced process may write. Here
// the list that the kernel walks is private, and only the futex word is shared. It takes the place of the thread's own
// list: until it is released the thread must lock no robust mutex.
class CollectorLock {
 public:
  explicit CollectorLock(SessionPage& page);
  ~CollectorLock();
  CollectorLock(const CollectorLock&) = delete;
  CollectorLock& operator=(const CollectorLock&) = delete;

 private:
  SessionPage& page_;
  robust_list_head head_ = {};
  robust_list entry_ = {};
  robust_list_head* threads_own_ = nullptr;
};

}  // namespace fdtrace
