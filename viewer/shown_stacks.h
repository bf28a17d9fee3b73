// The stacks of a trace as a report shows them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "proto/report.pb.h"
#include "proto/trace.pb.h"
#include "viewer/frames.h"
#include "viewer/trace.h"

namespace fdtrace {

// In stacks of Python code, the interpreter's own frames say nothing to most readers.
enum class ShownFrames { kFolded, kAll };

struct ShownStack {
  Frames frames;  // innermost first
  // By Python: the descriptor was not closed by a call of close(), but with the object that had it.
  bool collected = false;
  std::string advice;  // on what this code opens; empty: none
  // Equal for stacks that look the same: by function, file, line and module. Two addresses of one source line are one
  // place to a reader; where the function is unknown, the address is all that tells two places apart. What is collected
  // is never equal to what is not.
  std::string key;
};

class ShownStacks {
 public:
  // Lives no longer than the trace.
  explicit ShownStacks(const Trace& trace, ShownFrames shown_frames = ShownFrames::kFolded);

  // Nothing is left out but what is folded, and frames outside main or a thread's function, and those stay where
  // nothing else would be left. 0 and unknown stacks have no frames.
  const ShownStack& Get(uint32_t stack);

 private:
  Frames FramesOf(const TraceStack& stack) const;
  void AddFrames(const TraceFrame& frame, Frames& frames) const;
  void AddPythonFrame(const TraceFrame& frame, Frames& frames) const;

  const ShownFrames shown_frames_;
  absl::flat_hash_map<uint32_t, const TraceStack*> stacks_;
  absl::flat_hash_map<uint32_t, std::string> module_paths_;
  absl::flat_hash_set<std::string> interpreters_;  // paths of modules
  absl::flat_hash_map<uint32_t, Frame> python_code_;
  absl::flat_hash_map<std::pair<uint32_t, uint64_t>, const TraceSymbol*> symbols_;
  std::map<uint32_t, ShownStack> shown_;
};

}  // namespace fdtrace
