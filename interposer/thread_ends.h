// How we learn that a thread ends: by a destructor for a variable of its own.
#pragma once

namespace fdtrace {

// At start.
void WatchThreadEnds();

// Of the calling thread, which has begun to record. Safe in signal handlers and after fork.
void WatchThisThreadsEnd();

}  // namespace fdtrace
