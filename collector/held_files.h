// The files without a name that a process holds, by descriptors and by mappings.
//
//  - Whether a name is left is asked of the file: a name may itself end in the kernel's " (deleted)", and a file that
//    lost one of two has still one.
//  - Memory that belongs to no file (shared anonymous memory, System V segments), though the kernel keeps it in files,
//    is left out; so is what fdtrace itself maps.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "collector/model.h"
#include "collector/procfs.h"

namespace fdtrace {

struct HeldFile {
  SeenFile seen;
  std::string below;  // the link below /proc/PID that leads to it
};

// One for each descriptor, of all those SEEN.
std::vector<HeldFile> HeldAmong(std::span<const SeenDescriptor> seen);

// The same, looked up: a system call for each descriptor, and another for those that may be meant.
absl::StatusOr<std::vector<HeldFile>> HeldByDescriptors(const ProcessDirectory& process);

// Of files that have a name: those of the first MOST descriptors.
std::vector<FileFacts> NamedByDescriptors(const ProcessDirectory& process, size_t most);

// One for each mapped file. Where /proc/PID/map_files may not be followed (it takes CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE), sizes and links are not known; then a file counts though it has a second name, and its
// device is that of maps, which on btrfs and overlayfs is not st_dev.
std::vector<HeldFile> HeldByMappings(const ProcessDirectory& process);

}  // namespace fdtrace
