#include "interposer/opening.h"

#include <linux/openat2.h>

#include "interposer/file_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/shared_memory_path.h"
#include "interposer/unwinder_guard.h"

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

int FlagsIn(const void* how_passed) {
  const auto* const how = static_cast<const open_how*>(how_passed);
  if (!IsReadable(&how->flags) || !IsReadable(reinterpret_cast<const char*>(how + 1) - 1)) return O_RDONLY;
  const auto flags = static_cast<int>(how->flags);
  // From another root the path would name another file to us: only what O_EXCL promises is known to be new.
  const bool other_root = (how->resolve & RESOLVE_IN_ROOT) != 0;
  return other_root && (flags & O_EXCL) == 0 ? flags & ~O_CREAT : flags;
}

bool Opening::FindsNothing() const {
  if (path_ == nullptr) return false;
  const HookScope scope;
  if (!scope.recording()) return false;
  if (in_shared_memory_) return IsAbsent(AT_FDCWD, SharedMemoryPath(path_).text);
  return IsAbsent(directory_, path_);
}

}  // namespace fdtrace
