// The tests of a trace: which one each descriptor was opened in, and what each left open. Pure.
//  - Where processes marked tests (fdtrace_mark), those are the tests.
//  - Else each process that ctest or `meson test` started is one, with all that it started in turn, named by its
//  command.
//  - Tests of one name are one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/report.pb.h"
#include "viewer/trace.h"

namespace fdtrace {

class Tests {
 public:
  explicit Tests(const Trace& trace);

  // Printable; empty: it was opened in none.
  absl::string_view NameOf(const TraceDescriptor& descriptor) const;

  // Report.tests; LEAKS are the report's, their descriptors with the names of their tests.
  google::protobuf::RepeatedPtrField<Test> Rows(const google::protobuf::RepeatedPtrField<LeakSite>& leaks) const;

 private:
  size_t Add(const std::string& name, uint64_t opened);
  void AddMarked(const std::vector<TraceTest>& marked);
  void AddProcesses(const std::vector<TraceProcess>& processes);

  struct Run {
    std::string name;
    uint64_t opened = 0;
  };
  std::vector<Run> runs_;  // in the order they ran
  absl::flat_hash_map<std::string, size_t> by_name_;
  absl::flat_hash_map<uint32_t, size_t> by_index_;    // TraceTest.index
  absl::flat_hash_map<uint32_t, size_t> by_process_;  // TraceProcess.serial
};

}  // namespace fdtrace
