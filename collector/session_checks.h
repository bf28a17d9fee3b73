// What is looked up in /proc about processes of the recording that live: what they hold before they exit and when
// recording ends, and what they run once they have gone on by exec.
#pragma once

#include <cstdint>
#include <string>

#include "collector/model.h"
#include "collector/pipe_index.h"
#include "collector/procfs.h"
#include "collector/session_files.h"
#include "collector/session_image.h"
#include "collector/session_notes.h"
#include "collector/session_processes.h"
#include "collector/session_reader.h"
#include "collector/session_untraced.h"

namespace fdtrace {

class Checks {
 public:
  // VARIABLE: of the session. STARTED_NS: when the recording did.
  Checks(Model& model, Processes& processes, RingsReader& reader, ExecutionsToLookAt& executions, SessionFiles& files,
         SessionNotes& notes, const std::string& variable, int64_t started_ns)
      : model_(model),
        processes_(processes),
        reader_(reader),
        executions_(executions),
        files_(files),
        notes_(notes),
        variable_(variable),
        started_ns_(started_ns) {}

  // Of a process that waits to exit. Where exit_look_again_ns is set afterwards, it goes on waiting until then.
  void BeforeExit(TracedImage& image);

  // Those that are due, of processes that were about to run another program.
  void Executions();
  // When they are due next, by CLOCK_MONOTONIC; INT64_MAX: never.
  int64_t NextExecutionNs();

  // From here on PROCESS, the image's, is known to run PROGRAM, which will not say hello. EXCEPT_FD is none of its
  // descriptors.
  void BecomeUntraced(TracedImage& image, const ProcessDirectory& process, UntracedProgram program, int except_fd = -1);

  // Of all, when recording ends.
  void Everybody();

 private:
  uint64_t SinceStart() const;
  bool Compare(TracedImage& image, bool waits);
  void Execution(TracedImage& image, bool for_the_last_time);

  Model& model_;
  Processes& processes_;
  RingsReader& reader_;
  ExecutionsToLookAt& executions_;
  SessionFiles& files_;
  SessionNotes& notes_;
  const std::string& variable_;
  const int64_t started_ns_;
  PipeIndex pipes_;
};

}  // namespace fdtrace
