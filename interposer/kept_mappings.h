// What a program must not unmap under us: some unmap every file and library that they find in /proc/self/maps and do
// not know. Safe in signal handlers and after fork.
//
//  - munmap leaves these mappings out, and succeeds.
//  - Covers the memory shared with the collector, and this library. Not our anonymous
//    memory: who unmaps such memory without knowing whose it is, unmaps libc's, too.
#pragma once

namespace fdtrace {

// At start, when the loaded objects are listed.
void KeepMapped();

}  // namespace fdtrace
