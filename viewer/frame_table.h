// The frames of a trace's stacks as a report shows them, each once, however many stacks lead through it.
//  - A frame of the trace becomes one frame for each function inlined at its address, and one for the function itself.
//  - What looks the same to a reader is one frame: of two addresses of one source line, say.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "proto/report.pb.h"
#include "proto/trace.pb.h"
#include "viewer/frames.h"
#include "viewer/trace.h"

namespace fdtrace {

class FrameTable {
 public:
  explicit FrameTable(const Trace& trace);
  FrameTable(const FrameTable&) = delete;  // what it gives points into it

  // Innermost first; nothing for 0 and unknown stacks.
  std::vector<const Frame*> Of(uint32_t stack) const;
  // From 0, in an order of what frames say. FRAME is one that Of gave.
  uint32_t NumberOf(const Frame& frame) const { return static_cast<uint32_t>(&frame - frames_.data()); }

  // The paths of modules that are Python interpreters, or parts of them.
  const absl::flat_hash_set<std::string>& interpreters() const { return interpreters_; }

 private:
  class Filling;

  struct Run {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  std::vector<Frame> frames_;
  std::vector<uint32_t> shown_;                // numbers of frames: of each frame of the trace one run
  std::vector<Run> runs_;                      // of shown_
  std::vector<uint32_t> ways_;                 // positions in runs_: of each stack one run
  absl::flat_hash_map<uint32_t, Run> stacks_;  // by index: of ways_
  absl::flat_hash_set<std::string> interpreters_;
};

}  // namespace fdtrace
