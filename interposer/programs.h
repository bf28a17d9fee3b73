// The announcement of another program, for calls that are made by number. Safe in signal handlers, after fork and in a
// vfork child.
#pragma once

namespace fdtrace {

// Before an exec of PATH (null: not named by one): tells what the program will receive. False: there is none such, and
// nothing was told.
bool AnnounceExec(const char* path);

// After an announced exec that returned; errno is its own.
void AnnounceFailure();

}  // namespace fdtrace
