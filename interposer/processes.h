// The life of the process: forks, and its end. Safe in signal handlers.
#pragma once

namespace fdtrace {

// Tells the collector that the process is about to end, and waits, bounded, until it has looked at /proc. Once per
// process; does nothing in a process that recorded nothing and cannot have written to a file either, nor in a vfork
// child.
void AnnounceExit(int status);

// The same wait in a process that goes on, before it closes what it had kept to the end. Once per process.
void LetCollectorLook();

}  // namespace fdtrace
