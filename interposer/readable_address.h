// Whether there is memory at an address, asked of the kernel: nothing is touched, nothing can fault. Safe in signal
// handlers and after fork.
#pragma once

namespace fdtrace {

// False as well where a seccomp filter forbids to ask.
bool IsReadable(const void* address);

// The program runs under valgrind, which would complain of how addresses are tested elsewhere. At start only.
void KnowValgrind();
bool IsUnderValgrind();

}  // namespace fdtrace
