// The tests that processes said they were in, over all processes: what each opened. Pure. A test is known by its key,
// the same for the same name in every process; what the key means may be told after its use. Memory follows tests.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/trace_file.h"

namespace fdtrace {

class TestsRun {
 public:
  // A process is in the test. One without a name, which had ended before it could be told, stays unknown.
  void Began(uint64_t key, absl::string_view name, uint64_t at_ns);
  // A descriptor was opened in it; key 0: in none.
  void Opened(uint64_t key);

  // Appends the tests and tells the index in the trace of each key that has a name.
  absl::Status Write(TraceWriter& writer, absl::flat_hash_map<uint64_t, uint32_t>& index_of_key) const;

 private:
  struct Run {
    std::string name;  // empty: not told yet
    uint64_t opened = 0;
    uint64_t began_ns = UINT64_MAX;
  };
  absl::flat_hash_map<uint64_t, Run> runs_;  // by key
};

}  // namespace fdtrace
