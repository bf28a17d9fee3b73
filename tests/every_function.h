// What the rows of every_function.inc are made of: see there.
#pragma once

#include <string>
#include <vector>

namespace fdtrace {

struct Exercise {
  const char* call;        // as the report names it
  const char* function;    // that the leak is made in
  int leaks;               // descriptors left open; 0: tidy
  bool may_be_impossible;  // on this machine: the test is skipped, with the reason
  bool (*run)();
};

// In the table's order.
const std::vector<Exercise>& EveryFunction();

// Runs the rows whose calls are named, all when none is, and prints what each left open; exit status 0.
//   leak open 1          leak_open() left 1 open
//   cannot bpf 1         the machine does not let it: errno
//   open 214             at the end, by /proc/self/fd, beyond what there was at the start
int RunRows(int count, char** names);

}  // namespace fdtrace
