// Which file system a device is: where it is mounted, and of what type.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "collector/model.h"

namespace fdtrace {

// A line of /proc/PID/mountinfo, see proc(5); escapes undone.
struct Mount {
  uint64_t device = 0;
  std::string point;
  std::string type;
  bool whole = false;  // not of a directory of the file system alone
};
std::vector<Mount> ParseMountinfo(absl::string_view mountinfo);

// The type of which statfs(2) tells MAGIC, as /proc/mounts has it; "0x..." for one not known.
std::string TypeOfMagic(uint64_t magic);

// Among MOUNTS, the mount of DEVICE on which PATH lies, or else any of DEVICE. Files on btrfs and overlayfs have
// devices that stand in no list: with their TYPE, the path decides. Where nothing is found, the type is TYPE, which may
// be empty.
MountedOn FindMount(uint64_t device, absl::string_view path, absl::string_view type, std::span<const Mount> mounts);

}  // namespace fdtrace
