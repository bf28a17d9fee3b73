// Takes the events out of the rings to the model, each to the image that it is of, and makes images of the children
// that events tell of: those of vfork, whose events stand in their parent's rings, and those of posix_spawn and the
// like.
//
//  - Ends nobody and reads no ring: it is called while one is being read.
//  - A child that cannot be found is nobody's image, and its events are dropped: they are never taken for its parent's.
//  - A child of posix_spawn may say hello before or after the event that tells of it: it is one process all the same.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "collector/model.h"
#include "collector/session_files.h"
#include "collector/session_image.h"
#include "collector/session_notes.h"
#include "collector/session_processes.h"
#include "collector/session_untraced.h"

namespace fdtrace {

class EventRouter final : public EventSink {
 public:
  EventRouter(Model& model, Processes& processes, ExecutionsToLookAt& executions, SessionFiles& files,
              SessionNotes& notes, int64_t started_ns)
      : model_(model),
        processes_(processes),
        executions_(executions),
        files_(files),
        notes_(notes),
        started_ns_(started_ns) {}

  // Children are made images of unless only the program's own process is followed.
  void FollowChildren(bool follow) { follow_children_ = follow; }

  void Consume(TracedImage& image, uint32_t ring, const Event& event) override;

  // PID, a child of PARENT of which no event has told yet, says hello: makes it an image if PARENT is spawning.
  void WelcomeEarly(TracedImage& parent, pid_t pid);

  // PID waits for its Welcome and was just seen to be a child of PARENT; 0: nobody waits.
  void Expect(pid_t pid, pid_t parent) { visitor_ = pid, parent_of_visitor_ = parent; }

 private:
  TracedImage* CurrentUser(TracedImage& host, uint32_t ring);
  void Note(TracedImage& host, TracedImage& user, uint32_t ring, const Event& event);
  void BeginVfork(TracedImage& host, uint32_t ring, pid_t pid, uint64_t at_ns);
  void EndSpawn(TracedImage& host, TracedImage& parent, uint32_t ring, pid_t pid, uint64_t at_ns);
  void Execute(TracedImage& image, uint32_t ring, const AnnouncedProgram& program, uint64_t at_ns);
  TracedImage* Bear(const TracedImage& parent, pid_t pid, uint64_t at_ns);

  pid_t visitor_ = 0, parent_of_visitor_ = 0;
  Model& model_;
  Processes& processes_;
  ExecutionsToLookAt& executions_;
  SessionFiles& files_;
  SessionNotes& notes_;
  const int64_t started_ns_;
  bool follow_children_ = true;
};

}  // namespace fdtrace
