// Ending a session that runs in another process, by a HelloKind::kStop at its door.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/owned_fd.h"

namespace fdtrace {

// Whether somebody listens for the session that VARIABLE (see kSessionVariable) names. It hears nothing of the
// question.
bool SessionLives(const std::string& variable);

struct StoppedSession {
  pid_t collector;
  int64_t started_unix_ns;
};

// Ends that session and waits until its collector has written the trace. NotFound: there is no such session, or it
// ended before it heard us; DeadlineExceeded: no answer within LIMIT; DataLoss: the collector could not write the
// trace, FailedPrecondition: it does not end for us, each for the reason it gives; else it could not be asked, or died.
absl::StatusOr<StoppedSession> StopSession(const std::string& variable, std::chrono::milliseconds limit);

// The collector's side: tells CONNECTION, one of Served::stoppers, what became of the trace; FailedPrecondition: that
// it is not for it to stop. False: nobody hears.
bool AnswerStop(const OwnedFd& connection, const absl::StatusOr<StoppedSession>& written);

}  // namespace fdtrace
