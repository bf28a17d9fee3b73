// One image of a traced process: its arenas, how far they were read, what it is about to run, and its announcement of
// the end.
//
// A child of vfork or posix_spawn is an image from its parent's telling, without arenas, until its program says hello.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "collector/event_parser.h"
#include "collector/model.h"
#include "collector/procfs.h"
#include "collector/program.h"
#include "collector/ring_reader.h"
#include "collector/session_ring_users.h"
#include "collector/settled_numbers.h"
#include "collector/shared_memory.h"
#include "proto/event.pb.h"
#include "proto/session.h"

namespace fdtrace {

class TracedImage;

// Takes the events of all images, parsed, with the image in whose ring they stood.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Consume(TracedImage& image, uint32_t ring, const Event& event) = 0;
};

// Makes arenas, one ahead: a process that says hello waits for its own.
class ArenaSupply {
 public:
  absl::StatusOr<SharedMemory> Take();
  void Prepare();

 private:
  std::optional<SharedMemory> next_;
};

class TracedImage {
 public:
  TracedImage(uint32_t serial, pid_t pid) : ring_users(serial), serial_(serial), pid_(pid) {}

  uint32_t serial() const { return serial_; }
  pid_t pid() const { return pid_; }
  ProcessWatch watch;   // handed on from image to image by exec
  bool polled = false;  // has no descriptor to watch: see Processes
  Image described;      // as the model was told, without `present`

  bool said_hello() const { return !arenas_.empty(); }
  bool same_pids = true;  // in events, a pid means the process that it means to us
  uint32_t host = 0;      // a child of vfork: serial of the image in whose rings its events are; else 0
  RingUsers ring_users;

  // A program that it is about to run: its Executing was followed neither by an ExecFailed nor by a hello.
  struct Execution {
    uint32_t ring;
    AnnouncedProgram program;
    uint64_t at_ns;  // since the recording started
  };
  std::vector<Execution> executing;              // by several threads, at most one of which succeeds
  std::vector<AnnouncedProgram> unnamed_spawns;  // of the latest that ended without the pid of their child
  bool cannot_ring = false;                      // by a seccomp filter of its own
  bool untraced = false;                         // it runs a program that will not say hello
  bool exit_told = false;                        // a child of vfork, by an Exiting

  // The file of the new arena, to be sent to the process; closed by ArenaSent.
  absl::StatusOr<int> AddArena(ArenaSupply& supply);
  void ArenaSent() { arenas_.back().memory.CloseFd(); }

  // Reads at most a batch of each ring in use. True: more is there.
  bool DrainBatch(EventParser& parser, EventSink& sink);
  // Reads all that is there now, of every ring.
  void DrainWholly(EventParser& parser, EventSink& sink);

  struct Lost {
    uint64_t events = 0;  // by the process's own count, and one for each damage
    uint64_t stackless = 0;
    bool operator==(const Lost&) const = default;
  };
  // Of counts that no program can reach by now none is believed: each is one damage.
  Lost CountLost() const;
  uint64_t damages() const;
  uint64_t unreadable() const { return unreadable_; }

  // The process exits and has not waited: it holds what it was given less what it has told of closing, and no more.
  bool settled() const;

  // The count of exits that the process announced; while it is not answered(), the process waits.
  uint32_t ExitsWanted() const;
  void AnswerExits(uint32_t wanted);
  uint32_t exits_answered() const { return exits_answered_; }

  // See session_files.h.
  struct Files {
    bool changed = true;           // it has told of something since it was looked at
    bool holds_nameless = false;   // in the last look
    bool held_nameless = false;    // ever; as its forebears before they forked, and so below
    bool has_removed = false;      // a last name
    uint64_t removals_before = 0;  // by anybody, when its program started
    std::bitset<256> opened;       // by inode: files that it may write, and those that it was given
    int64_t failure_noted_ns = 0;  // by CLOCK_MONOTONIC, a call's for want of descriptors or space; 0: none
  };
  Files files;

  SettledNumbers numbers;
  int64_t exit_look_again_ns = 0;  // a process that waits to exit is to be looked at again then; 0: no
  bool compared = false;           // with /proc, when it announced its exit

 private:
  struct SharedArena {
    SharedMemory memory;
    RingReader readers[kRingsPerArena];
    uint32_t rings_used = 0;
    int64_t made_ns = 0;  // by CLOCK_MONOTONIC
    Arena& arena() const { return *static_cast<Arena*>(memory.address()); }
  };

  bool DrainRing(SharedArena& arena, uint32_t first_number, uint32_t ring, size_t limit, EventParser& parser,
                 EventSink& sink);
  // What the process has counted itself, as far as it can be believed.
  Lost OwnCounts(uint64_t& unbelievable) const;
  // Writers take rings in order: behind the first that was never taken there is nothing, in pages never touched.
  static void FindNewRings(SharedArena& arena);

  const uint32_t serial_;
  const pid_t pid_;
  std::vector<SharedArena> arenas_;
  uint32_t exits_answered_ = 0;
  uint64_t unreadable_ = 0;
};

}  // namespace fdtrace
