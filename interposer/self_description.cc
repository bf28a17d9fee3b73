#include "interposer/self_description.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>

#include "interposer/open_count.h"
#include "interposer/raw_syscall.h"
#include "interposer/text.h"
#include "interposer/wire.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

// Paths and command lines that are longer are left to the collector.
constexpr size_t kLongest = kMaxPathBytes;

// Does not ask a file system over the network, as the collector does not.
bool StateOf(int directory, const char* path, int flags, struct statx& state) {
  constexpr long kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  constexpr long kWanted = STATX_BASIC_STATS | STATX_MNT_ID;
  return !Failed(RawSyscall(SYS_statx, directory, reinterpret_cast<long>(path), flags | kFlags, kWanted,
                            reinterpret_cast<long>(&state)));
}

// What a call put into ROOM: nothing if it failed, or if there may be more.
size_t Whole(long length, std::span<unsigned char> room) {
  return Failed(length) || static_cast<size_t>(length) == room.size() ? 0 : static_cast<size_t>(length);
}

// The link as it was written; empty where it was not.
std::span<const unsigned char> WriteLink(WireWriter& wire, uint32_t field, const char* path) {
  std::span<const unsigned char> link;
  wire.Filled(field, kLongest, [&](std::span<unsigned char> room) {
    const size_t length = Whole(
        RawSyscall(SYS_readlink, path, reinterpret_cast<long>(room.data()), static_cast<long>(room.size())), room);
    link = room.first(length);
    return length;
  });
  return link;
}

// Its working directory by its path, where the kernel has one from our root.
bool WriteDirectory(WireWriter& wire, uint32_t field) {
  const bool reachable = wire.Filled(field, kLongest, [](std::span<unsigned char> room) -> size_t {
    const long bytes = RawSyscall(SYS_getcwd, room.data(), static_cast<long>(room.size()));  // counts the final '\0'
    return Failed(bytes) || room[0] != '/' ? 0 : static_cast<size_t>(bytes) - 1;
  });
  return reachable || !WriteLink(wire, field, "/proc/self/cwd").empty();
}

// As the kernel has laid them out: one after another. Of a program that the loader was called with, they are not all.
bool AreAllInOrder(char* const* arguments) {
  if (arguments == nullptr || arguments[0] == nullptr || getauxval(AT_BASE) == 0) return false;
  for (; arguments[1] != nullptr; ++arguments) {
    if (arguments[1] != arguments[0] + TextLength(arguments[0]) + 1) return false;
  }
  return true;
}

bool WriteArguments(WireWriter& wire, uint32_t field, char* const* arguments) {
  const char* const first = arguments[0];
  while (arguments[1] != nullptr) ++arguments;
  const auto bytes = static_cast<size_t>(arguments[0] - first) + TextLength(arguments[0]) + 1;
  if (bytes <= kLongest) wire.Bytes(field, first, bytes);
  return bytes <= kLongest;
}

bool WriteCommandLine(WireWriter& wire, uint32_t field, char* const* arguments) {
  if (AreAllInOrder(arguments)) return WriteArguments(wire, field, arguments);
  const long file =
      RawSyscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/proc/self/cmdline"), O_RDONLY | O_CLOEXEC);
  if (Failed(file)) return false;
  const bool whole = wire.Filled(field, kLongest, [file](std::span<unsigned char> room) {
    return Whole(RawSyscall(SYS_read, file, reinterpret_cast<long>(room.data()), static_cast<long>(room.size())), room);
  });
  RawSyscall(SYS_close, file);
  return whole;
}

// "KIND:[INODE]", as the kernel names what has no path. The result is in TEXT.
std::span<const char> NameWithoutPath(const char* kind, uint64_t inode, std::span<char> text) {
  size_t length = 0;
  for (; kind[length] != '\0'; ++length) text[length] = kind[length];
  char digits[20];
  size_t count = 0;
  do digits[count++] = static_cast<char>('0' + inode % 10);
  while ((inode /= 10) != 0);
  text[length++] = ':';
  text[length++] = '[';
  while (count != 0) text[length++] = digits[--count];
  text[length++] = ']';
  return text.first(length);
}

bool Same(std::span<const unsigned char> bytes, std::span<const char> text) {
  if (bytes.size() != text.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (bytes[i] != static_cast<unsigned char>(text[i])) return false;
  }
  return true;
}

// One that has other names than /dev/null is not told by that.
bool IsNullDevice(const struct statx& state) {
  struct statx null = {};
  return S_ISCHR(state.stx_mode) && state.stx_rdev_major == 1 && state.stx_rdev_minor == 3 && state.stx_nlink == 1 &&
         StateOf(AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW, null) && null.stx_ino == state.stx_ino &&
         null.stx_dev_major == state.stx_dev_major && null.stx_dev_minor == state.stx_dev_minor &&
         null.stx_mnt_id == state.stx_mnt_id;
}

// The mounts of the kernel's own on which pipes and sockets lie that have no path; 0: not known yet.
struct NamelessMounts {
  uint64_t pipes = 0;
  uint64_t sockets = 0;
};

// The link of /proc/self/fd/FD. Where the file itself tells what that says, the link is not read: the kernel would make
// an entry for each, and throw it away when the process ends, which costs a short one more than all the rest here. No
// file system is asked: it may not answer.
bool WriteName(WireWriter& wire, uint32_t field, int fd, const struct statx& state, NamelessMounts& known) {
  const bool socket = S_ISSOCK(state.stx_mode), pipe = S_ISFIFO(state.stx_mode);
  uint64_t& mount = socket ? known.sockets : known.pipes;
  char text[32];
  const std::span<const char> nameless = NameWithoutPath(socket ? "socket" : "pipe", state.stx_ino, text);
  if ((socket || pipe) && mount != 0 && mount == state.stx_mnt_id) {
    wire.Bytes(field, nameless.data(), nameless.size());
    return true;
  }
  if (IsNullDevice(state)) {
    wire.Bytes(field, "/dev/null", 9);
    return true;
  }
  static_assert(kMostGiven <= 100);
  char link[] = "/proc/self/fd/??";
  char* digit = link + sizeof link - 3;
  if (fd >= 10) *digit++ = static_cast<char>('0' + fd / 10);
  *digit++ = static_cast<char>('0' + fd % 10);
  *digit = '\0';
  const std::span<const unsigned char> written = WriteLink(wire, field, link);
  if ((socket || pipe) && Same(written, nameless)) mount = state.stx_mnt_id;
  return !written.empty();
}

bool WriteGiven(WireWriter& wire, uint32_t field, int fd, NamelessMounts& known) {
  struct statx state = {};
  const long flags = RawSyscall(SYS_fcntl, fd, F_GETFL);
  if (Failed(flags) || !StateOf(fd, "", AT_EMPTY_PATH, state)) return false;
  const auto access = flags & O_ACCMODE;
  bool has_name = false;
  wire.Message(field, [&] {
    wire.Varint(1, static_cast<uint64_t>(fd));
    has_name = WriteName(wire, 2, fd, state, known);
    wire.Varint(3, state.stx_mode);
    wire.Varint(4, state.stx_rdev_major);
    wire.Varint(5, state.stx_dev_major);
    wire.Varint(6, state.stx_dev_minor);
    wire.Varint(7, state.stx_ino);
    wire.Varint(8, state.stx_nlink);
    wire.Varint(9, state.stx_blocks);
    wire.Varint(10, state.stx_size);
    wire.Varint(11, access == O_WRONLY || access == O_RDWR ? 1 : 0);
  });
  return has_name;
}

bool WriteAllGiven(WireWriter& wire, uint32_t field) {
  const int64_t count = CountOpen();
  int64_t found = 0;
  NamelessMounts known;
  for (int fd = 0; fd < kMostGiven && found < count; ++fd) {
    if (Failed(RawSyscall(SYS_fcntl, fd, F_GETFD))) continue;
    if (!WriteGiven(wire, field, fd, known)) return false;
    ++found;
  }
  return count > 0 && found == count;
}

}  // namespace

size_t DescribeImage(std::span<unsigned char> room, char* const* arguments) {
  // What a filter lets pass that the program was executed under is not known here.
  if (RawSyscall(SYS_prctl, PR_GET_SECCOMP) != 0) return 0;
  WireWriter wire(room);
  struct statx root = {};
  rlimit limit = {};
  if (!StateOf(AT_FDCWD, "/", 0, root) || (root.stx_mask & STATX_MNT_ID) == 0 ||
      Failed(RawSyscall(SYS_prlimit64, 0L, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit)))) {
    return 0;
  }
  wire.Varint(1, static_cast<uint64_t>(RawSyscall(SYS_getppid)));
  wire.Varint(2, limit.rlim_cur);
  wire.Varint(3, limit.rlim_max);
  const bool whole = !WriteLink(wire, 4, "/proc/self/exe").empty() && WriteDirectory(wire, 5) &&
                     WriteCommandLine(wire, 6, arguments) && WriteAllGiven(wire, 7);
  wire.Varint(8, root.stx_mnt_id);
  wire.Varint(9, root.stx_ino);
  return whole && !wire.overflow() ? wire.written().size() : 0;
}

}  // namespace fdtrace
