#include "collector/filesystems.h"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <vector>

#include "collector/mounts.h"
#include "collector/owned_fd.h"

namespace fdtrace {
namespace {

std::vector<Mount> MountsSeenBy(const ProcessDirectory& process) { return ParseMountinfo(process.Read("mountinfo")); }

std::vector<Mount> MountsSeenByUs() {
  const auto self = ProcessDirectory::Open(getpid());
  return self.ok() ? MountsSeenBy(*self) : std::vector<Mount>();
}

// Empty: it cannot be told.
std::string TypeOf(const OwnedFd& file) {
  struct statfs system;
  if (!file.valid() || fstatfs(file.get(), &system) != 0) return {};
  return TypeOfMagic(static_cast<uint64_t>(system.f_type) & UINT32_MAX);
}

}  // namespace

void Filesystems::Meet(const ProcessDirectory& process, const HeldFile& file) {
  const uint64_t device = file.seen.file.device;
  if (!met_.insert(device).second) return;
  const std::vector<Mount> ours = MountsSeenByUs();
  MountedOn mounted = FindMount(device, file.seen.path, "", ours);
  if (mounted.mount.empty()) mounted = FindMount(device, file.seen.path, "", MountsSeenBy(process));
  if (mounted.mount.empty()) {
    mounted = FindMount(device, file.seen.path, TypeOf(process.OpenPath(file.below.c_str())), ours);
  }
  model_.FilesystemSeen(mounted);
}

void Filesystems::Meet(pid_t pid, uint64_t device, const std::string& path) {
  if (met_.contains(device)) return;
  const auto process = ProcessDirectory::OpenByAnyThread(pid);
  if (!process.ok()) return Meet(device, path);
  Meet(*process, HeldFile{.seen = {.file = {.device = device}, .path = path}, .below = {}});
}

void Filesystems::Meet(uint64_t device, const std::string& path) {
  if (!met_.insert(device).second) return;
  const std::vector<Mount> ours = MountsSeenByUs();
  MountedOn mounted = FindMount(device, path, "", ours);
  if (mounted.mount.empty()) {
    mounted = FindMount(device, path, TypeOf(OwnedFd(open(path.c_str(), O_PATH | O_CLOEXEC))), ours);
  }
  model_.FilesystemSeen(mounted);
}

}  // namespace fdtrace
