#include "collector/file_facts.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

namespace fdtrace {

std::optional<struct statx> StatusAt(int directory, const char* name) {
  constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE | STATX_BLOCKS;
  struct statx status;
  if (statx(directory, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, kWanted, &status) != 0) return std::nullopt;
  return status;
}

std::optional<FileFacts> FactsOf(const struct statx& status) {
  if (!S_ISREG(status.stx_mode)) return std::nullopt;
  constexpr uint64_t kBlockBytes = 512;
  return FileFacts{.device = makedev(status.stx_dev_major, status.stx_dev_minor),
                   .inode = status.stx_ino,
                   .links = status.stx_nlink,
                   .bytes = status.stx_blocks * kBlockBytes,
                   .apparent_bytes = status.stx_size};
}

}  // namespace fdtrace
