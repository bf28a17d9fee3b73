// What libunwind gets instead of the functions that would touch the program: see unwinder_guard.cc.
#pragma once

namespace fdtrace {

// The function that libunwind is to call by this name: one of the guard's, or libc's own; null to leave it as it is.
void* GuardedImport(const char* name);

}  // namespace fdtrace
