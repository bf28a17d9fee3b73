// The file systems of files that the model is told of, each looked up once, when it is first met: it may be unmounted
// later.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "collector/held_files.h"
#include "collector/model.h"
#include "collector/procfs.h"

namespace fdtrace {

class Filesystems {
 public:
  explicit Filesystems(Model& model) : model_(model) {}

  // That of a file which a process holds, as we see it mounted or else as PROCESS does.
  void Meet(const ProcessDirectory& process, const HeldFile& file);
  // That of which a call of process PID told; PATH is as passed to the call, and may be empty.
  void Meet(pid_t pid, uint64_t device, const std::string& path);
  // That of a file at PATH.
  void Meet(uint64_t device, const std::string& path);

 private:
  Model& model_;
  absl::flat_hash_set<uint64_t> met_;
};

}  // namespace fdtrace
