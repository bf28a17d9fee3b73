// The processes of a report as a tree that a person can read, however many there are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

// A process, or siblings that are alike.
struct ProcessRow {
  const Process* process = nullptr;  // the first of them
  uint32_t count = 1;
  uint64_t opened = 0;  // by all of them together, as the next
  uint64_t open_at_exit = 0;
  int depth = 0;      // 0: started by none of the report's processes
  bool last = false;  // of the rows beneath the same row
};

// Each row before those of its children, siblings by when they started, the program itself first. Siblings that ran the
// same program, and about which there is no more to tell, are one row, their children together beneath it. Of interest
// are processes that leaked, ended in an unusual way or could not be followed, and their ancestors: these have rows of
// their own unless there are many alike. Linear in the processes but for sorting, whatever their numbers say of
// parents.
std::vector<ProcessRow> ProcessTree(const Report& report);

// The last part of its executable's path, or else of its command's first word.
std::string ProgramName(const Process& process);

}  // namespace fdtrace
