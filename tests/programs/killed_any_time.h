// The page in which killed_any_time counts, shared with the test that kills it.
#pragma once

#include <stdint.h>

enum { kCountingThreads = 4 };

// Each is raised just before the call, or just after it; so what the calls did is told to within one call in flight.
typedef struct Counts {
  uint64_t opening, opened, closing, closed;
} Counts;

typedef struct CountingPage {
  int32_t pid;  // of the program, once every thread is at work
  int32_t threads_at_work;
  Counts threads[kCountingThreads];
} CountingPage;
