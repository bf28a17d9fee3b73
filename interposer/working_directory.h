// Whether the process has changed its working directory since the collector knew it. Safe in signal handlers, after
// fork and in a vfork child.
#pragma once

namespace fdtrace {

// A call has changed it.
void DirectoryChanged();

// True if the collector does not know it; afterwards it is taken to have been told.
bool TakeDirectoryChange();

template <typename Call>
int ChangedDirectory(Call call) {
  const int result = call();
  if (result == 0) DirectoryChanged();
  return result;
}

}  // namespace fdtrace
