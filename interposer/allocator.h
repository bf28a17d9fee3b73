// Whether a first event comes from inside the program's own malloc: jemalloc, say, opens files when it is first called,
// under its locks, and what calls it first may be the constructor of a library, before ours.
//
//  - At start only, and for the program's own malloc only: libc's calls no function of ours.
#pragma once

namespace fdtrace {

// Errs on the side of yes. Asks the loader, and allocates nothing.
bool MayBeInsideAllocator();

}  // namespace fdtrace
