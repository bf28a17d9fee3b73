// The receiving end of a recording: greets the processes that say hello, drains their rings into the model, and looks
// at /proc when they start and when they end.
//
//  - Trusts nothing in shared memory: what one process damages costs that process's events alone, and a note says so.
//  - A process that exits of its own will waits for us; it is woken as soon as its descriptors have been looked at.
//  - Knows a process that never says hello, if one that did has made it or turned into it: see session_router.h and
//    session_untraced.h.
//  - Nobody is waited for without a limit: neither a client that never speaks nor a process that outlives the program.
//
//   session = Session::Open(*model)                           // before fork: makes no thread
//   fork and exec the program with FDTRACE_SESSION=session->variable() and session->original_nofile()
//   served = session->Serve({.root_pid = pid})                // on any one thread; the model is used there alone
//     or     session->Serve({.keepers = watches})             // of no one program: for whoever has the variable
//   model->Write({served.duration_ns, …, served.notes}, trace)
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "collector/model.h"
#include "collector/owned_fd.h"
#include "collector/procfs.h"
#include "collector/session_follow.h"

namespace fdtrace {

struct ServeOptions {
  pid_t root_pid = 0;     // the program: a child of this process; 0: there is none
  Follow follow = {};     // all, unless said otherwise
  bool reap_root = true;  // false: the caller calls waitpid for it, at any time; its end is seen all the same
  // For the others, once the program has ended. Without a program: for those that have the variable in their
  // environment and say nothing, once nobody else is left.
  std::chrono::nanoseconds linger = std::chrono::seconds(10);
  // Without a program: once they all have ended, the recording ends with its last process. None: it goes on until it is
  // stopped. To be there as long as Serve runs.
  std::span<const ProcessWatch> keepers = {};
  // Processes that run fdtrace itself are no part of the recording, and no note tells of them.
  bool leave_out_fdtrace = false;
};

struct Served {
  bool root_ended = false;      // false: stopped before
  int wait_status = 0;          // of the program, see wait(2); meaningful if it ended and was reaped here
  bool stopped = false;         // Stop was called, or a stop was said, before everything had ended
  uint32_t images = 0;          // program images and forked children that were welcomed; 0: nothing was traced at all
  uint32_t not_followed = 0;    // processes that were not welcomed, as ServeOptions.follow has it
  uint32_t never_heard_of = 0;  // processes of the recording that were alive when serving ended and had not said hello
  uint32_t unreached = 0;       // forked children that could not reach us
  uint32_t outlived = 0;        // processes of the recording that were alive when serving ended, untraced ones included
  uint64_t duration_ns = 0;
  std::vector<std::string> notes;  // what a reader of the report must know; each a sentence without a full stop
  std::vector<OwnedFd> stoppers;   // connections of those that said kStop: see session_stop.h for the answer
};

class Session {
 public:
  // Listens, and raises our own soft limit of descriptors to the hard one. MODEL must outlive the session.
  static absl::StatusOr<std::unique_ptr<Session>> Open(Model& model);
  virtual ~Session() = default;

  // The value for the environment variable kSessionVariable.
  virtual const std::string& variable() const = 0;
  // RLIMIT_NOFILE as it was before Open: the program is to be started with it.
  virtual const rlimit& original_nofile() const = 0;
  // When the recording started: event times count from there.
  virtual int64_t started_unix_ns() const = 0;

  // Until the program and every process of the recording have ended, the linger is over, or Stop was called; without a
  // program also when a process with the cookie says HelloKind::kStop. Then drains what is left. Once per session. From
  // then on the processes still alive record nothing.
  virtual Served Serve(const ServeOptions& options) = 0;

  // Makes Serve end soon. From any thread or signal handler, at any time.
  virtual void Stop() = 0;
};

}  // namespace fdtrace
