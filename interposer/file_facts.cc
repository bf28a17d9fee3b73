#include "interposer/file_facts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "interposer/text.h"

namespace fdtrace {
namespace {

constexpr uint64_t kBlockBytes = 512;  // of st_blocks, whatever the file system's

long StateOf(int fd, struct stat& status) {
  if (!MayCall(OurCall::kFileState)) return -EPERM;
  return RawSyscall(SYS_fstat, fd, reinterpret_cast<long>(&status));
}

long StateAt(int directory, const char* path, int flags, struct stat& status) {
  if (!MayCall(OurCall::kFileAtPath)) return -EPERM;
  return RawSyscall(SYS_newfstatat, directory, reinterpret_cast<long>(path), reinterpret_cast<long>(&status), flags);
}

std::optional<FileFacts> IfRegular(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return {};
  return FileFacts{.identity = {.device = status.st_dev, .inode = status.st_ino},
                   .links = status.st_nlink,
                   .bytes = static_cast<uint64_t>(status.st_blocks) * kBlockBytes,
                   .apparent_bytes = static_cast<uint64_t>(status.st_size)};
}

// Whose target is the name of what the descriptor is open on; of AT_FDCWD, of the working directory. By way of the
// thread: the process's own entry is empty once its first thread has ended.
struct LinkPath {
  explicit LinkPath(int fd) {
    char* at = Append(text, "/proc/thread-self/");
    if (fd == AT_FDCWD) {
      Append(at, "cwd");
      return;
    }
    at = Append(at, "fd/");
    char digits[12] = {};
    char* first = digits + sizeof digits - 1;
    auto rest = static_cast<unsigned>(fd);
    do {
      *--first = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    Append(at, first);
  }
  static char* Append(char* at, const char* more) {
    while (*more != '\0') *at++ = *more++;
    *at = '\0';
    return at;
  }
  char text[40];
};

}  // namespace

FileIdentity IdentityOf(int fd) {
  struct stat status;
  if (Failed(StateOf(fd, status))) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

FileIdentity IdentityAt(int directory, const char* path) {
  struct stat status;
  if (Failed(StateAt(directory, path, 0, status))) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

std::optional<FileFacts> RegularFile(int fd) {
  struct stat status;
  if (Failed(StateOf(fd, status))) return {};
  return IfRegular(status);
}

std::optional<FileFacts> RegularFileAt(int directory, const char* path, int flags) {
  struct stat status;
  if (path == nullptr || Failed(StateAt(directory, path, flags, status))) return {};
  return IfRegular(status);
}

NamedThing ThingAt(int directory, const char* path) {
  struct stat status;
  if (path == nullptr || Failed(StateAt(directory, path, AT_SYMLINK_NOFOLLOW, status))) return {};
  return {.regular = IfRegular(status), .leads_on = S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode)};
}

bool MayHaveChangedSince(int fd, const timespec& then) {
  struct stat status;
  if (Failed(StateOf(fd, status))) return true;
  const timespec& changed = status.st_ctim;
  return changed.tv_sec > then.tv_sec || (changed.tv_sec == then.tv_sec && changed.tv_nsec >= then.tv_nsec);
}

PathTarget TargetOf(int directory, const char* path) {
  if (path == nullptr) return {};
  struct stat status;
  const long result = StateAt(directory, path, 0, status);
  if (Failed(result)) return {.is_absent = result == -ENOENT, .file = {}};
  return {.is_absent = false, .file = IfRegular(status)};
}

std::optional<uint64_t> PositionOf(int fd) {
  if (!MayCall(OurCall::kFilePosition)) return {};
  const long position = RawSyscall(SYS_lseek, fd, 0, SEEK_CUR);
  if (Failed(position)) return {};
  return static_cast<uint64_t>(position);
}

size_t NameOf(int fd, std::span<unsigned char> room) {
  if (!MayCall(OurCall::kFileName)) return 0;
  const LinkPath link(fd);
  const long length = RawSyscall(SYS_readlinkat, AT_FDCWD, reinterpret_cast<long>(link.text),
                                 reinterpret_cast<long>(room.data()), static_cast<long>(room.size()));
  // What fills the room may have been cut.
  return Failed(length) || static_cast<size_t>(length) == room.size() ? 0 : static_cast<size_t>(length);
}

size_t AbsolutePath(int directory, const char* path, std::span<unsigned char> room) {
  size_t length = path[0] == '/' ? 0 : NameOf(directory, room);
  if (length != 0) room[length++] = '/';
  const size_t count = TextLength(path, room.size() - length);
  std::copy_n(path, count, room.data() + length);
  return length + count;
}

}  // namespace fdtrace
