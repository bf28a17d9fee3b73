// Reads the rings of images.
#pragma once

#include <cstdint>

#include "collector/model.h"
#include "collector/session_image.h"
#include "collector/session_processes.h"

namespace fdtrace {

class RingsReader {
 public:
  RingsReader(Model& model, Processes& processes, EventSink& sink, int64_t started_ns)
      : model_(model), processes_(processes), sink_(sink), parser_(started_ns) {}

  // At most a batch of each of its rings. True: more is there.
  bool ReadSome(TracedImage& image) { return image.DrainBatch(parser_, sink_); }
  // All that is there of it now: for a child of vfork, also what is in its parent's rings.
  void ReadAll(TracedImage& image);
  void ReadAllOfEverybody();

 private:
  Model& model_;
  Processes& processes_;
  EventSink& sink_;
  EventParser parser_;
};

}  // namespace fdtrace
