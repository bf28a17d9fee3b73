// What the rows of every_function.inc are made of: see there.
#pragma once

#include <string>
#include <vector>

namespace fdtrace {

struct Exercise {
  const char* call;      // as the report names it
  const char* function;  // that the leak is made in
  int leaks;             // descriptors left open; 0: tidy
  bool may_be_impossible;  // on this machine: the test is skipped, with the reason
  bool (*run)();
};

// In the table's order.
const std::vector<Exercise>& EveryFunction();

}  // namespace fdtrace
