// What the kernel says of files, by descriptor or by path. A path is read by the kernel alone until it has accepted it:
// the program may have passed anything. Where a seccomp filter forbids to ask, nothing is known. Safe in signal
// handlers, after fork and in a vfork child.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace fdtrace {

// st_dev and st_ino: which file it is.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

// FileState of proto/event.proto.
struct FileFacts {
  FileIdentity identity;
  uint64_t links = 0;
  uint64_t bytes = 0;  // allocated
  uint64_t apparent_bytes = 0;
};

// Of any kind; zeros when it cannot be told.
FileIdentity IdentityOf(int fd);

// What a path leads to.
FileIdentity IdentityAt(int directory, const char* path);

// None: not a regular file (shared memory is one), or not known.
std::optional<FileFacts> RegularFile(int fd);
std::optional<FileFacts> RegularFileAt(int directory, const char* path, int flags);  // those of fstatat(2)

// What has a name itself, no symbolic link followed.
struct NamedThing {
  std::optional<FileFacts> regular;
  bool leads_on = false;  // a directory, or a symbolic link, which may lead to one
};
NamedThing ThingAt(int directory, const char* path);

// Whether the file may have been written to since then, by CLOCK_REALTIME_COARSE, which files are dated by. True where
// that is not known.
bool MayHaveChangedSince(int fd, const timespec& then);

// What a path leads to; symbolic links are followed, as open(2) does.
struct PathTarget {
  bool is_absent = false;         // it is certain that nothing is there
  std::optional<FileFacts> file;  // a regular one
};
PathTarget TargetOf(int directory, const char* path);

// Where the next write to it goes; none when not known.
std::optional<uint64_t> PositionOf(int fd);

// The file's name now, absolute, without a '\0'. Returns its length, 0 when it has none that is known and fits whole.
size_t NameOf(int fd, std::span<unsigned char> room);

// The path, made absolute as far as the name of its directory is known, cut to fit. Returns its length.
size_t AbsolutePath(int directory, const char* path, std::span<unsigned char> room);

}  // namespace fdtrace
