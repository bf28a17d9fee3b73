// What stands round vfork's system call, called by the assembly and by clone(): the child runs in our memory until the
// parent goes on. Its calls are recorded in this thread's ring as the child's, and change nothing of the parent's.
#pragma once

extern "C" {
#pragma GCC visibility push(hidden)
void fdtrace_before_vfork();
void fdtrace_in_vfork_child();
long fdtrace_after_vfork(long result);  // in the parent, with what the kernel returned; what vfork is to return
#pragma GCC visibility pop
}
