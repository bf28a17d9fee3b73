// What the kernel says of the file system that a call needed room in. Where a seccomp filter forbids to ask, nothing is
// known. Safe in signal handlers, after fork and in a vfork child.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace fdtrace {

// FilesystemState of proto/event.proto.
struct FilesystemFacts {
  uint64_t device = 0;  // st_dev
  uint64_t block_bytes = 0;
  uint64_t blocks = 0;
  uint64_t blocks_free = 0;
  uint64_t blocks_available = 0;  // but to the superuser
  uint64_t inodes = 0;
  uint64_t inodes_free = 0;
  uint64_t type = 0;
};

// That of an open file.
std::optional<FilesystemFacts> FilesystemOf(int fd);

// That of the directory in which the path's last part is to be made. The path must be readable; `scratch` is written
// over.
std::optional<FilesystemFacts> FilesystemFor(int directory, const char* path, std::span<unsigned char> scratch);

// May this process use the blocks that are kept for the superuser?
bool MayUseReserve();

}  // namespace fdtrace
