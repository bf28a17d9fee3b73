// Streams that the program has closed, so that one closed again is known. By address: of the last few alone, and
// forgotten when a stream is made there again. Lock-free; safe in signal handlers and after fork.
#pragma once

#include <stdio.h>

#include <cstdint>

#include "interposer/rows.h"

namespace fdtrace {

struct ClosedStreamFacts {
  uint64_t id = 0;  // the lifetime that ended with it; 0: not known
  int fd = -1;
};

// Before the real call: once it has freed the stream, another thread's may be made there.
void RememberClosed(const FILE* stream, const ClosedStreamFacts& facts);

// After the call that made something there.
void ForgetClosed(const void* object);

// Tells, before the real call, which may end the process, that the stream was closed already; false where it was not,
// or where that is not certain. True: the stream is freed memory, which is not to be looked into.
bool RecordClosedBefore(Row row, const FILE* stream);

}  // namespace fdtrace
