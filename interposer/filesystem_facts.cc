#include "interposer/filesystem_facts.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "interposer/file_facts.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"

namespace fdtrace {
namespace {

FilesystemFacts Facts(const struct statfs& found, uint64_t device) {
  return {.device = device,
          .block_bytes = static_cast<uint64_t>(found.f_frsize != 0 ? found.f_frsize : found.f_bsize),
          .blocks = found.f_blocks,
          .blocks_free = found.f_bfree,
          .blocks_available = found.f_bavail,
          .inodes = found.f_files,
          .inodes_free = found.f_ffree,
          .type = static_cast<uint64_t>(found.f_type)};
}

}  // namespace

std::optional<FilesystemFacts> FilesystemOf(int fd) {
  struct statfs found = {};
  if (!MayCall(OurCall::kFilesystem) || Failed(RawSyscall(SYS_fstatfs, fd, reinterpret_cast<long>(&found)))) return {};
  return Facts(found, IdentityOf(fd).device);
}

std::optional<FilesystemFacts> FilesystemFor(int directory, const char* path, std::span<unsigned char> scratch) {
  if (!MayCall(OurCall::kFilesystem) || path[0] == '\0') return {};
  auto* const text = reinterpret_cast<char*>(scratch.data());
  size_t length = AbsolutePath(directory, path, scratch.first(scratch.size() - 2));
  if (path[0] != '/' && text[0] != '/') return {};  // the directory's name is not known
  while (length > 1 && text[length - 1] == '/') --length;
  while (length > 1 && text[length - 1] != '/') --length;
  text[length++] = '.';  // what leads there may be a symbolic link
  text[length] = '\0';
  struct statfs found = {};
  if (Failed(RawSyscall(SYS_statfs, text, reinterpret_cast<long>(&found)))) return {};
  return Facts(found, IdentityAt(AT_FDCWD, text).device);
}

bool MayUseReserve() {
  if (!MayCall(OurCall::kCapabilities)) return false;
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (Failed(RawSyscall(SYS_capget, &header, reinterpret_cast<long>(sets)))) return false;
  return (sets[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE)) != 0;
}

}  // namespace fdtrace
