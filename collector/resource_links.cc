#include "collector/resource_links.h"

#include <sys/stat.h>

#include <charconv>

namespace fdtrace {
namespace {

struct NamedLink {
  std::string_view prefix;
  Resource resource;
};

// What the kernel writes into links that are no paths: the names given to anon_inode_getfile and to the pseudo file
// systems (fs/pipe.c, net/socket.c, fs/nsfs.c, fs/pidfs.c). The first that fits counts.
constexpr NamedLink kNamedLinks[] = {
    {"socket:[", SOCKET},
    {"pipe:[", PIPE},
    {"anon_inode:[eventpoll]", EPOLL},
    {"anon_inode:[eventfd]", EVENTFD},
    {"anon_inode:[timerfd]", TIMERFD},
    {"anon_inode:[signalfd]", SIGNALFD},
    {"anon_inode:inotify", INOTIFY},
    {"anon_inode:[inotify]", INOTIFY},
    {"anon_inode:[fanotify]", FANOTIFY},
    {"anon_inode:[pidfd]", PIDFD},
    {"pidfd:[", PIDFD},
    {"anon_inode:[io_uring]", IO_URING},
    {"anon_inode:[userfaultfd]", USERFAULTFD},
    {"anon_inode:[perf_event]", PERF_EVENT},
    {"anon_inode:bpf", BPF},
    {"anon_inode:[bpf", BPF},
    {"anon_inode:[landlock-ruleset]", LANDLOCK},
    {"anon_inode:seccomp notify", SECCOMP},
    {"anon_inode:[fscontext]", MOUNT},
    {"/memfd:", MEMFD},
    {"/dev/shm/", SHARED_MEMORY},
    {"/dev/pts/", TERMINAL},
    {"/dev/ptmx", TERMINAL},
    {"cgroup:[", NAMESPACE},
    {"ipc:[", NAMESPACE},
    {"mnt:[", NAMESPACE},
    {"net:[", NAMESPACE},
    {"pid:[", NAMESPACE},
    {"time:[", NAMESPACE},
    {"user:[", NAMESPACE},
    {"uts:[", NAMESPACE},
};

// linux/Documentation/admin-guide/devices.txt: consoles, /dev/tty and ptmx, serial lines, pseudo terminals.
bool IsTerminal(uint32_t major) {
  return major == 4 || major == 5 || major == 204 || major == 188 || (major >= 136 && major <= 143);
}

}  // namespace

Resource ResourceOfLink(std::string_view link) {
  for (const NamedLink& named : kNamedLinks) {
    if (link.starts_with(named.prefix)) return named.resource;
  }
  return RESOURCE_UNKNOWN;
}

Resource ResourceOfFile(uint32_t mode, uint32_t device_major) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return DIRECTORY;
    case S_IFCHR:
      return IsTerminal(device_major) ? TERMINAL : DEVICE;
    case S_IFBLK:
      return DEVICE;
    case S_IFIFO:
      return PIPE;
    case S_IFSOCK:
      return SOCKET;
    case S_IFREG:
    case S_IFLNK:  // O_PATH | O_NOFOLLOW
      return FILE;
    default:
      return RESOURCE_UNKNOWN;
  }
}

std::optional<uint64_t> InodeOfLink(std::string_view link) {
  if (!link.starts_with("socket:[") && !link.starts_with("pipe:[")) return std::nullopt;
  const char* const digits = link.data() + link.find('[') + 1;
  const char* const end = link.data() + link.size();
  uint64_t inode = 0;
  const auto parsed = std::from_chars(digits, end, inode);
  if (parsed.ec != std::errc() || parsed.ptr + 1 != end || *parsed.ptr != ']') return std::nullopt;
  return inode;
}

}  // namespace fdtrace
