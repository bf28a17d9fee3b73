#include "interposer/self_description.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>

#include "interposer/open_count.h"
#include "interposer/raw_syscall.h"
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

bool WriteLink(WireWriter& wire, uint32_t field, const char* path) {
  return wire.Filled(field, kLongest, [path](std::span<unsigned char> room) -> size_t {
    const long length =
        RawSyscall(SYS_readlink, path, reinterpret_cast<long>(room.data()), static_cast<long>(room.size()));
    return Failed(length) || static_cast<size_t>(length) == room.size() ? 0 : static_cast<size_t>(length);
  });
}

bool WriteCommandLine(WireWriter& wire, uint32_t field) {
  const long file =
      RawSyscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/proc/self/cmdline"), O_RDONLY | O_CLOEXEC);
  if (Failed(file)) return false;
  const bool whole = wire.Filled(field, kLongest, [file](std::span<unsigned char> room) -> size_t {
    const long length = RawSyscall(SYS_read, file, reinterpret_cast<long>(room.data()), static_cast<long>(room.size()));
    return Failed(length) || static_cast<size_t>(length) == room.size() ? 0 : static_cast<size_t>(length);
  });
  RawSyscall(SYS_close, file);
  return whole;
}

bool WriteGiven(WireWriter& wire, uint32_t field, int fd) {
  static_assert(kMostGiven <= 100);
  char link[] = "/proc/self/fd/??";
  char* digit = link + sizeof link - 3;
  if (fd >= 10) *digit++ = static_cast<char>('0' + fd / 10);
  *digit++ = static_cast<char>('0' + fd % 10);
  *digit = '\0';
  struct statx state = {};
  const long flags = RawSyscall(SYS_fcntl, fd, F_GETFL);
  if (Failed(flags) || !StateOf(fd, "", AT_EMPTY_PATH, state)) return false;
  bool has_link = false;
  wire.Message(field, [&] {
    wire.Varint(1, static_cast<uint64_t>(fd));
    has_link = WriteLink(wire, 2, link);
    wire.Varint(3, state.stx_mode);
    wire.Varint(4, state.stx_rdev_major);
    wire.Varint(5, state.stx_dev_major);
    wire.Varint(6, state.stx_dev_minor);
    wire.Varint(7, state.stx_ino);
    wire.Varint(8, state.stx_nlink);
    wire.Varint(9, state.stx_blocks);
    wire.Varint(10, state.stx_size);
    wire.Varint(11, (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR ? 1 : 0);
  });
  return has_link;
}

bool WriteAllGiven(WireWriter& wire, uint32_t field) {
  const int64_t count = CountOpen();
  int64_t found = 0;
  for (int fd = 0; fd < kMostGiven && found < count; ++fd) {
    if (Failed(RawSyscall(SYS_fcntl, fd, F_GETFD))) continue;
    if (!WriteGiven(wire, field, fd)) return false;
    ++found;
  }
  return count > 0 && found == count;
}

}  // namespace

size_t DescribeImage(std::span<unsigned char> room) {
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
  const bool whole = WriteLink(wire, 4, "/proc/self/exe") && WriteLink(wire, 5, "/proc/self/cwd") &&
                     WriteCommandLine(wire, 6) && WriteAllGiven(wire, 7);
  wire.Varint(8, root.stx_mnt_id);
  wire.Varint(9, root.stx_ino);
  return whole && !wire.overflow() ? wire.written().size() : 0;
}

}  // namespace fdtrace
