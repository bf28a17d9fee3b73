#include "collector/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "collector/file_facts.h"

namespace fdtrace {
namespace {

constexpr long kMessageQueueMagic = 0x19800202;  // MQUEUE_MAGIC of linux/ipc/mqueue.c, in no header

// "123" as a name for the *at calls.
class FdName {
 public:
  explicit FdName(int fd) { *std::to_chars(text_, text_ + sizeof text_ - 1, fd).ptr = '\0'; }
  const char* c_str() const { return text_; }

 private:
  char text_[12];
};

std::string ReadLink(int directory, const char* name, int& error) {
  char target[PATH_MAX];
  const ssize_t bytes = readlinkat(directory, name, target, sizeof target);
  error = bytes < 0 ? errno : 0;
  return std::string(target, static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
}

std::optional<std::string> LinkAt(int directory, const char* name) {
  int error = 0;
  std::string link = ReadLink(directory, name, error);
  if (error == 0 || error == ENAMETOOLONG) return link;
  return std::nullopt;
}

// Field NUMBER of /proc/PID/stat as proc(5) counts them, from the third; empty where there is none. The name before
// them may itself hold spaces and parentheses.
std::string_view StatField(std::string_view stat, size_t number) {
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= stat.size()) return {};
  std::string_view rest = stat.substr(name_end + 2);
  for (size_t before = number - 3; before > 0; --before) {
    const size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
  }
  return rest.substr(0, rest.find(' '));
}

template <typename Number>
Number NumberOr(std::string_view text, Number otherwise) {
  Number value{};
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc() ? value : otherwise;
}

}  // namespace

absl::StatusOr<ProcessDirectory> ProcessDirectory::Open(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid);
  OwnedFd directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", path));
  return ProcessDirectory(pid, std::move(directory));
}

absl::StatusOr<ProcessDirectory> ProcessDirectory::OpenByAnyThread(pid_t pid) {
  absl::StatusOr<ProcessDirectory> process = Open(pid);
  if (!process.ok() || process->Lives()) return process;
  const std::string tasks = absl::StrCat("/proc/", pid, "/task");
  const std::unique_ptr<DIR, int (*)(DIR*)> threads(opendir(tasks.c_str()), closedir);
  while (const dirent* const thread = threads != nullptr ? readdir(threads.get()) : nullptr) {
    if (thread->d_name[0] == '.') continue;
    OwnedFd directory(openat(dirfd(threads.get()), thread->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) continue;
    ProcessDirectory by_thread(pid, std::move(directory));
    if (by_thread.Lives()) return by_thread;
  }
  return process;
}

std::string ProcessDirectory::Read(const char* name) const { return ReadIfAllowed(name).value_or(""); }

std::optional<std::string> ProcessDirectory::ReadIfAllowed(const char* name) const {
  const OwnedFd file(openat(directory_.get(), name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  std::string content;
  size_t had = 0;
  for (size_t room = 4096;; room = std::min<size_t>(2 * room, 1 << 20)) {
    content.resize(had + room);
    while (had < content.size()) {
      const ssize_t bytes = read(file.get(), content.data() + had, content.size() - had);
      if (bytes < 0 && errno == EINTR) continue;
      if (bytes <= 0) {
        content.resize(had);
        return content;
      }
      had += static_cast<size_t>(bytes);
    }
  }
}

std::optional<std::string> ProcessDirectory::Link(const char* name) const { return LinkAt(directory_.get(), name); }

std::optional<struct statx> ProcessDirectory::StatusOf(const char* name) const {
  return StatusAt(directory_.get(), name);
}

OwnedFd ProcessDirectory::OpenPath(const char* name) const {
  return OwnedFd(openat(directory_.get(), name, O_PATH | O_CLOEXEC));
}

std::optional<std::string> ProcessDirectory::Executable() const {
  int error = 0;
  std::string target = ReadLink(directory_.get(), "exe", error);
  if (error == ENOENT || error == ESRCH) return std::nullopt;
  return target;
}

std::string ProcessDirectory::WorkingDirectory() const {
  int error = 0;
  return ReadLink(directory_.get(), "cwd", error);
}

std::vector<std::string> ProcessDirectory::CommandLine() const { return ArgumentsOf(Read("cmdline")); }

std::string ProcessDirectory::Name() const {
  std::string name = Read("comm");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

uint32_t ProcessDirectory::Parent() const { return NumberOr<uint32_t>(StatField(Read("stat"), 4), 0); }

uint64_t ProcessDirectory::StartTime() const { return NumberOr<uint64_t>(StatField(Read("stat"), 22), 0); }

bool ProcessDirectory::IsZombie() const {
  const std::string stat = Read("stat");
  const std::string_view state = StatField(stat, 3);
  return state == "Z" || state == "X";
}

bool ProcessDirectory::IsKernelThread() const {
  constexpr uint64_t kOfTheKernel = 0x200000;
  return (NumberOr<uint64_t>(StatField(Read("stat"), 9), 0) & kOfTheKernel) != 0;
}

bool ProcessDirectory::HasNoEnvironment() const {
  const std::string stat = Read("stat");
  const uint64_t begin = NumberOr<uint64_t>(StatField(stat, 50), 0), end = NumberOr<uint64_t>(StatField(stat, 51), 0);
  return begin == end && end != 0;
}

uint32_t ProcessDirectory::Threads() const {
  struct stat tasks;
  if (fstatat(directory_.get(), "task", &tasks, 0) != 0)
    return 2;  // a thread's directory: at least it and the main one
  if (tasks.st_nlink < 3) return 1;
  return static_cast<uint32_t>(tasks.st_nlink - 2);  // the kernel adds a link for each thread
}

OpenFilesLimit ProcessDirectory::OpenFiles() const {
  rlimit limit;
  if (prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit) == 0) return {limit.rlim_cur, limit.rlim_max};
  // Another user's process: the file may be read all the same. "Max open files    1024    4096    files"
  const std::string limits = Read("limits");
  const size_t line = limits.find("Max open files");
  unsigned long long soft = 0, hard = 0;
  if (line == std::string::npos || sscanf(limits.c_str() + line, "Max open files %llu %llu", &soft, &hard) != 2) {
    return {};
  }
  return {soft, hard};
}

absl::StatusOr<std::vector<int>> ProcessDirectory::Numbers() const {
  const OwnedFd directory(openat(directory_.get(), "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto error = [this] {
    return absl::ErrnoToStatus(errno, absl::StrCat("listing the descriptors of process ", pid_));
  };
  if (!directory.valid()) return error();
  std::vector<int> numbers;
  alignas(dirent64) char entries[32768];
  while (true) {
    const long bytes = syscall(SYS_getdents64, directory.get(), entries, sizeof entries);
    if (bytes < 0) return error();
    if (bytes == 0) break;
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      const int fd = NumberOr<int>(entry->d_name, -1);  // -1: "." and ".."
      if (fd >= 0) numbers.push_back(fd);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::string> ArgumentsOf(std::string content) {
  if (content.empty()) return {};
  if (content.back() == '\0') content.pop_back();
  return absl::StrSplit(content, '\0');
}

std::vector<pid_t> StartedByKernel() {
  constexpr pid_t kDaemon = 2;  // kthreadd, whose children they all are
  const auto daemon = ProcessDirectory::Open(kDaemon);
  if (!daemon.ok() || !daemon->IsKernelThread()) return {};
  std::vector<pid_t> started;
  const std::string children = daemon->Read(absl::StrCat("task/", kDaemon, "/children").c_str());
  for (const absl::string_view child : absl::StrSplit(children, ' ', absl::SkipWhitespace())) {
    started.push_back(NumberOr<pid_t>(std::string_view(child.data(), child.size()), 0));
  }
  return started;
}

absl::StatusOr<DescriptorDirectory> DescriptorDirectory::Open(const ProcessDirectory& process) {
  OwnedFd directory(openat(process.directory_.get(), "fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("opening the descriptors of process ", process.pid()));
  }
  return DescriptorDirectory(std::move(directory));
}

std::optional<std::string> DescriptorDirectory::Link(int fd) const {
  return LinkAt(directory_.get(), FdName(fd).c_str());
}

std::optional<DescriptorDirectory::Access> DescriptorDirectory::AccessOf(int fd) const {
  struct stat link;  // of the link itself: its permissions are those that the descriptor was opened with
  if (fstatat(directory_.get(), FdName(fd).c_str(), &link, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return Access{.reads = (link.st_mode & S_IRUSR) != 0, .writes = (link.st_mode & S_IWUSR) != 0};
}

std::optional<struct statx> DescriptorDirectory::StatusOf(int fd) const {
  return StatusAt(directory_.get(), FdName(fd).c_str());
}

bool DescriptorDirectory::IsMessageQueue(int fd) const {
  const OwnedFd file(openat(directory_.get(), FdName(fd).c_str(), O_PATH | O_CLOEXEC));
  struct statfs system;
  return file.valid() && fstatfs(file.get(), &system) == 0 && system.f_type == kMessageQueueMagic;
}

std::string DescriptorDirectory::SocketProtocol(int fd) const {
  // There is no getxattrat(2) in the kernels we run on.
  const std::string path = absl::StrCat("/proc/self/fd/", directory_.get(), "/", fd);
  char name[64];
  const ssize_t bytes = getxattr(path.c_str(), "system.sockprotoname", name, sizeof name);
  if (bytes <= 0) return {};
  return std::string(name, strnlen(name, static_cast<size_t>(bytes)));
}

ProcessWatch::ProcessWatch(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
  if (pidfd_.valid()) return;
  if (errno == ESRCH) pid_ = 0;
  const auto process = ProcessDirectory::Open(pid);  // Linux < 5.3, or no descriptor left
  if (process.ok()) start_time_ = process->StartTime();
}

bool ProcessWatch::Ended() const {
  if (pidfd_.valid()) {
    pollfd ended = {.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    return poll(&ended, 1, 0) > 0;
  }
  if (pid_ == 0 || (kill(pid_, 0) != 0 && errno == ESRCH)) return true;
  if (start_time_ == 0) return false;  // /proc could not be read at the time: a zombie is then taken for alive
  const auto process = ProcessDirectory::Open(pid_);
  return process.ok() && (process->StartTime() != start_time_ || process->IsZombie());
}

}  // namespace fdtrace
