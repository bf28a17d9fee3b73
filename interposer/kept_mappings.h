// What a program must not unmap under us: some unmap every file and library that they find in /proc/self/maps and do
// not know. Safe in signal handlers and after fork.
//
//  - munmap leaves these mappings out, and succeeds.
//  - Covers the memory shared with the collector, this library, and the unwinder with what it needs. Not our anonymous
//    memory: who unmaps such memory without knowing whose it is, unmaps libc's, too.
#pragma once

#include <link.h>

namespace fdtrace {

// The library that is at hand, and those loaded with it. At start only.
void KeepMapped(const link_map& library);

}  // namespace fdtrace
