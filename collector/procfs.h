// What /proc says about one process.
//
//  - Everything is read through one open directory: once the process has ended, its successor's is never read.
//  - Bytes are kept as the kernel gives them, " (deleted)" included.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "collector/owned_fd.h"

namespace fdtrace {

struct OpenFilesLimit {
  uint64_t soft = 0;
  uint64_t hard = 0;
};

class ProcessDirectory {
 public:
  static absl::StatusOr<ProcessDirectory> Open(pid_t pid);
  // The same by way of another thread where the main one has ended: /proc/PID shows nothing then, though the process
  // lives.
  static absl::StatusOr<ProcessDirectory> OpenByAnyThread(pid_t pid);

  pid_t pid() const { return pid_; }
  // Empty when it may not be read. Nothing: the process does not live.
  std::optional<std::string> Executable() const;
  std::string WorkingDirectory() const;          // the same
  std::vector<std::string> CommandLine() const;  // as the process keeps it now
  std::string Name() const;                      // of the main thread, at most 15 bytes
  uint32_t Parent() const;                       // 0 when there is none that we can see
  OpenFilesLimit OpenFiles() const;
  uint32_t Threads() const;
  // Whether it still has its memory. A process that ends gives that up before its descriptors: asked after a listing,
  // true says that the listing was of a living process.
  bool Lives() const { return Executable().has_value(); }
  uint64_t StartTime() const;  // in clock ticks since boot, of a zombie as well; 0 once it is gone
  bool IsZombie() const;
  bool IsKernelThread() const;
  // It was started without any variable; false also while execve(2) replaces its program, when environ reads as empty.
  bool HasNoEnvironment() const;

  // The numbers of its open descriptors, sorted. PermissionDenied for a process that is not dumpable (prctl(2)).
  absl::StatusOr<std::vector<int>> Numbers() const;

  // A file below the directory, e.g. "net/tcp"; empty when it cannot be read.
  std::string Read(const char* name) const;
  std::optional<std::string> ReadIfAllowed(const char* name) const;  // nothing when it cannot be opened

  // Of a link below the directory, e.g. "fd/3": its target, as DescriptorDirectory::Link; what is known of the file
  // that it leads to, see file_facts.h; and that file, opened by O_PATH.
  std::optional<std::string> Link(const char* name) const;
  std::optional<struct statx> StatusOf(const char* name) const;
  OwnedFd OpenPath(const char* name) const;

 private:
  friend class DescriptorDirectory;
  ProcessDirectory(pid_t pid, OwnedFd directory) : pid_(pid), directory_(std::move(directory)) {}

  pid_t pid_;
  OwnedFd directory_;
};

// /proc/PID/fd.
class DescriptorDirectory {
 public:
  static absl::StatusOr<DescriptorDirectory> Open(const ProcessDirectory& process);

  // Target of the link of descriptor FD; nothing once it is closed; empty when it is too long for the kernel to tell.
  std::optional<std::string> Link(int fd) const;

  struct Access {
    bool reads = false, writes = false;
  };
  std::optional<Access> AccessOf(int fd) const;

  // Of what the descriptor is open on; see file_facts.h.
  std::optional<struct statx> StatusOf(int fd) const;
  bool IsMessageQueue(int fd) const;

  // Of a socket, its protocol as the kernel names it, e.g. "TCP", "UNIX", "UDPv6"; empty when it does not tell.
  std::string SocketProtocol(int fd) const;

 private:
  explicit DescriptorDirectory(OwnedFd directory) : directory_(std::move(directory)) {}

  OwnedFd directory_;
};

// The arguments in the content of /proc/PID/cmdline.
std::vector<std::string> ArgumentsOf(std::string content);

// What the kernel started itself: its threads, which /proc lists among the processes, and its helpers. Empty where it
// does not tell them at once, or not us.
std::vector<pid_t> StartedByKernel();

// Tells when a process has ended (a zombie has), though its number be used again.
class ProcessWatch {
 public:
  ProcessWatch() = default;  // of no process: ended
  explicit ProcessWatch(pid_t pid);

  bool Ended() const;
  // A descriptor that is readable once the process has ended; -1 where the kernel gives none: then ask Ended.
  int fd() const { return pidfd_.get(); }

 private:
  pid_t pid_ = 0;  // 0: ended
  OwnedFd pidfd_;
  uint64_t start_time_ = 0;  // with no pidfd; 0: not known
};

}  // namespace fdtrace
