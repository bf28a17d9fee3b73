// The stacks of a trace as a report shows them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "viewer/frame_table.h"
#include "viewer/frames.h"
#include "viewer/trace.h"

namespace fdtrace {

// In stacks of Python code, the interpreter's own frames say nothing to most readers.
enum class ShownFrames { kFolded, kAll };

// What is kept of each stack that was asked for; its frames would take a hundred times the memory, and few are shown.
struct ShownStack {
  // By Python: the descriptor was not closed by a call of close(), but with the object that had it.
  bool collected = false;
  // Equal for stacks that look the same: by function, file, line and module. Two addresses of one source line are one
  // place to a reader; where the function is unknown, the address is all that tells two places apart. What is collected
  // is never equal to what is not.
  std::string key;
};

class ShownStacks {
 public:
  explicit ShownStacks(const Trace& trace, ShownFrames shown_frames = ShownFrames::kFolded)
      : shown_frames_(shown_frames), table_(trace) {}

  // Valid until the next call. 0 and unknown stacks have no frames.
  const ShownStack& Get(uint32_t stack);
  // Innermost first. Nothing is left out but what is folded, and frames outside main or a thread's function, and those
  // stay where nothing else would be left.
  Frames FramesOf(uint32_t stack) const;
  // On what this code opens; empty: none.
  std::string AdviceOf(uint32_t stack) const;

 private:
  void DropUnshown(std::vector<const Frame*>& frames) const;

  const ShownFrames shown_frames_;
  const FrameTable table_;
  absl::flat_hash_map<uint32_t, ShownStack> shown_;
};

}  // namespace fdtrace
