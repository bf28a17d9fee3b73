// What syscall() answers where libunwind calls it: see unwinder_guard.cc.
#pragma once

namespace fdtrace {

bool IsUnwinderPipe(int fd);
long SyscallForUnwinder(long number, long fd, long from);

}  // namespace fdtrace
