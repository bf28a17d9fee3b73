// The announcement of another program, for calls that are made by number. Safe in signal handlers, after fork and in a
// vfork child.
#pragma once

namespace fdtrace {

// Before an exec of PATH (null: not named by one): tells what the program will receive.
void AnnounceExec(const char* path);

// After an exec that returned; errno is its own.
void AnnounceFailure();

}  // namespace fdtrace
