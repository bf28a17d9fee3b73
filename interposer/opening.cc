#include "interposer/opening.h"

#include <linux/openat2.h>

#include "interposer/file_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/readable_address.h"
#include "interposer/shared_memory_path.h"

namespace fdtrace {

// As libc reads it: the first letter and six more, unknown ones ignored.
int StreamFlags(const char* mode) {
  if (mode == nullptr) return O_RDONLY;
  int flags = mode[0] == 'w' ? kCreatFlags : mode[0] == 'a' ? O_WRONLY | O_CREAT | O_APPEND : O_RDONLY;
  for (int i = 1; i < 7 && mode[i] != '\0'; ++i) {
    if (mode[i] == '+') flags = (flags & ~O_ACCMODE) | O_RDWR;
    if (mode[i] == 'x') flags |= O_EXCL;
  }
  return flags;
}

Opening Opening::How(const char* path, const void* passed, int directory) {
  const auto* const how = static_cast<const open_how*>(passed);
  if (!IsReadable(&how->flags) || !IsReadable(&how->resolve)) return path;
  Opening opening(path, static_cast<int>(how->flags), directory);
  if ((how->resolve & RESOLVE_IN_ROOT) != 0) opening.space_ = Space::kElsewhere;
  return opening;
}

bool Opening::HasFullPath() const {
  if (space_ != Space::kRoot || path_ == nullptr || path_[0] != '/') return false;
  for (const char* at = path_; *at != '\0'; ++at) {
    if (at[0] == '/' && at[1] == '.') return false;
  }
  return true;
}

Opening::Outlook Opening::LookAtTarget() const {
  if (path_ == nullptr || space_ == Space::kElsewhere) return {};
  const HookScope scope;
  if (!scope.recording()) return {};
  const uint64_t now_ns = MonotonicNs();
  const PathTarget target =
      space_ == Space::kSharedMemory ? TargetOf(AT_FDCWD, SharedMemoryPath(path_).text) : TargetOf(directory_, path_);
  Outlook outlook = {.creates = target.is_absent, .absent_ns = target.is_absent ? now_ns : 0};
  if ((flags_ & O_TRUNC) != 0) outlook.empties = target.file;
  return outlook;
}

}  // namespace fdtrace
