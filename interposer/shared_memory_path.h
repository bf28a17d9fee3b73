// Where libc has the shared memory and the semaphores of a name. Safe in signal handlers and after fork.
#pragma once

#include <climits>

namespace fdtrace {

struct SharedMemoryPath {
  explicit SharedMemoryPath(const char* name, const char* prefix = "") {
    char* at = text;
    const char* const end = text + sizeof text - 1;
    for (const char* part : {"/dev/shm/", prefix}) {
      while (*part != '\0') *at++ = *part++;
    }
    while (*name == '/') ++name;
    while (at < end && *name != '\0') *at++ = *name++;  // a name that is cut here is longer than any file's
    *at = '\0';
  }

  char text[sizeof "/dev/shm/sem." + NAME_MAX + 1];
};

}  // namespace fdtrace
