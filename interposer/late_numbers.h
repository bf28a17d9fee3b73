// With --reuse=late: new descriptors take numbers in turn, from the highest that select(2) can take downwards, so that
// one that was closed stays closed for long, and what uses it after that fails instead of reaching a stranger's file.
//
//  - Numbers up to 2 stay: programs close them and count on the next to take their place.
//  - What cannot be moved stays where it is: no number free, a call forbidden.
//  - A regular file stays where the program has asked for locks by fcntl: closing the first number would give them up.
//    Of locks by lockf nothing is known.
//  - Streams keep theirs.
//
// Safe in signal handlers, after fork and in a vfork child. Keeps errno.
#pragma once

namespace fdtrace {

namespace internal {
inline constinit bool g_reuse_late = false;  // set before the program's first call
int MoveLate(int fd);
}  // namespace internal

inline void ReuseLate() { internal::g_reuse_late = true; }

// The number that the program is to have for what a call has just made.
inline int Late(int fd) {
  if (!internal::g_reuse_late) [[likely]]
    return fd;
  return internal::MoveLate(fd);
}

// The program keeps locks by this fcntl command.
void NoteLocks(int command);

}  // namespace fdtrace
