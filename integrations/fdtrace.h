/* What a program may tell fdtrace, and ask it, while it runs under `fdtrace -- PROGRAM`.
 *
 * The functions are fdtrace's own library's: there is nothing to link. They are declared weak, so that a program runs
 * without fdtrace as well; there they are null, and must not be called:
 *
 *   if (fdtrace_mark) fdtrace_mark("Parser.ReadsConfig");
 *
 * Code that names them must be position-independent (-fPIE, which most compilers default to, or -fPIC): else the linker
 * takes it for settled that there are none.
 *
 * Both may be called from any thread, in a signal handler, and after fork; neither allocates nor changes errno. Where
 * nothing is recorded, both return 0. In a child of vfork, which has its parent's memory, they do nothing and return 0.
 */
#ifndef FDTRACE_H_
#define FDTRACE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A test begins, and the one before it ends; with NULL or "", none is running any more. One test runs in a process at a
 * time. What is opened until the next call, in any thread, counts for the test, and so does what is opened by the
 * children that the process makes and the programs that it runs, unless those mark tests of their own. NAME is cut at
 * 1024 bytes; tests of one name are one test, in whichever processes they run.
 *
 * Returns a position: how far this process has come in opening descriptors. Positions only grow; one of another
 * process means nothing. */
__attribute__((weak)) uint64_t fdtrace_mark(const char* name);

/* How many descriptors that this process opened between two positions are open now; 0-2 are not counted, nor is what
 * its children opened. TO = UINT64_MAX: until now. */
__attribute__((weak)) int fdtrace_still_open(uint64_t from, uint64_t to);

#ifdef __cplusplus
}
#endif

#endif /* FDTRACE_H_ */
