#include "collector/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fdtrace {
namespace {

constexpr unsigned kNoExecSeal =
    8;  // MFD_NOEXEC_SEAL, which the headers lack; Linux 6.3, and a must under some sysctls

int MakeFile(const char* name) {
  const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

absl::Status Error(const char* doing, const char* name) {
  return absl::ErrnoToStatus(errno, absl::StrCat(doing, " shared memory ", name));
}

}  // namespace

absl::StatusOr<SharedMemory> SharedMemory::Create(const char* name, size_t bytes) {
  OwnedFd fd(MakeFile(name));
  if (!fd.valid()) return Error("making", name);
  if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return Error("sizing", name);
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return Error("sealing", name);
  void* const address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return Error("mapping", name);
  return SharedMemory(std::move(fd), address, bytes);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : fd_(std::move(other.fd_)),
      address_(std::exchange(other.address_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

// Where the kernel does not know how (before Linux 5.14), they come one by one.
void SharedMemory::Ready(size_t bytes) { madvise(address_, bytes, MADV_POPULATE_WRITE); }

SharedMemory::~SharedMemory() {
  if (address_ != nullptr) munmap(address_, bytes_);
}

CollectorLock::CollectorLock(SessionPage& page) : page_(page) {
  size_t length = 0;
  if (syscall(SYS_get_robust_list, 0, &threads_own_, &length) != 0) threads_own_ = nullptr;
  head_.list.next = &entry_;
  entry_.next = &head_.list;
  // The kernel adds this to the address of each entry of the list; see get_robust_list(2).
  head_.futex_offset = reinterpret_cast<char*>(&page_.collector_lock) - reinterpret_cast<char*>(&entry_);
  page_.collector_lock.store(static_cast<uint32_t>(gettid()) & kFutexTidMask, std::memory_order_seq_cst);
  syscall(SYS_set_robust_list, &head_, sizeof head_);
}

CollectorLock::~CollectorLock() {
  page_.collector_lock.store(0, std::memory_order_seq_cst);
  syscall(SYS_set_robust_list, threads_own_, sizeof head_);
}

}  // namespace fdtrace
