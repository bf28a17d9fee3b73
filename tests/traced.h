// Runs a program under fdtrace as a user would, and hands back everything that came of it. For tests of behaviour.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/report.pb.h"

namespace fdtrace {

struct Ran {
  int status = 0;  // as a shell has it: 128+N when killed by signal N
  std::string out;
  std::string err;
  int64_t peak_memory_bytes = 0;  // resident, of the largest process: of the command or of one that it waited for
};

// Runs a command without fdtrace, with descriptors 0-2 alone; `input` is its stdin. Past the limit it is killed with
// its process group, and the test fails. From any thread.
Ran RunBare(const std::vector<std::string>& command, const std::string& input = "", int limit_seconds = 60);

struct Traced {
  Ran ran;        // of fdtrace with the program in it; its summary is in ran.err unless it was quiet
  Report report;  // empty when none was written
};

// `fdtrace -q -r REPORT -o TRACE [options] -- command`, in a directory of its own that is removed again.
Traced Trace(const std::vector<std::string>& command, const std::vector<std::string>& options = {},
             const std::string& input = "", int limit_seconds = 60);

// Runs the command bare and traced; fails the test unless the bare one ends with `status` and the traced one does and
// says the same, to the byte.
Traced TraceAsBare(const std::vector<std::string>& command, int status, int limit_seconds = 60);

// A JSON report; the test fails if it is not one.
Report ReadReport(const std::string& path);

// The path of a program of tests/programs/, or of fdtrace itself.
std::string Program(const std::string& name);
std::string FdtraceBinary();

// The leak whose stack has the function innermost; fails the test and returns an empty one when there is none.
LeakSite LeakIn(const Report& report, const std::string& function);

// What a failing test should print: every leak in a line, what was inherited, who was not followed; and what there is
// about files.
std::string Describe(const Report& report);
std::string DescribeFiles(const Report& report);

// How many of those that the function opened, as the innermost of their stacks, are still open.
uint32_t StillOpenIn(const Report& report, const std::string& function);

// The innermost function of a stack; empty when there is no stack.
std::string FunctionOf(const google::protobuf::RepeatedPtrField<Frame>& stack);

// A fresh directory, removed with everything in it at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fdtrace
