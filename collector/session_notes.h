// What went wrong while a session was served, counted, and told in sentences that stay few however often it happens.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "collector/session_follow.h"
#include "collector/session_greeter.h"

namespace fdtrace {

class SessionNotes {
 public:
  void NoSerial(pid_t pid) { no_serial_.Add(pid); }
  void NoMemory(pid_t pid, const absl::Status& why) { no_memory_.Add(pid, why); }
  void Unwelcomed(pid_t pid) { unwelcomed_.Add(pid); }
  void RefuseRings(pid_t pid) { refused_rings_.Add(pid); }
  void NotLookedAt(pid_t pid, const absl::Status& why) { not_looked_at_.Add(pid, why); }
  void Damaged(pid_t pid, uint64_t damages) {
    if (damages != 0) damaged_.Add(pid);
  }
  void Unreached(uint64_t count) { unreached_ = count; }
  void NotLookedFor(uint64_t files) { files_not_looked_for_ += files; }
  void NeverHeardOf(pid_t pid) { never_heard_of_.Add(pid); }
  void NotToBeFollowed(pid_t pid) { not_followed_.Add(pid); }
  uint64_t not_followed() const { return not_followed_.count(); }

  // Those that there is anything to say about.
  std::vector<std::string> Sentences(const Greeter& greeter) const;

 private:
  struct Tally {
    uint64_t count = 0;
    pid_t first_pid = 0;
    std::string first_reason;

    void Add(pid_t pid, const absl::Status& why = absl::OkStatus());
    void Tell(const char* one, const char* many, std::vector<std::string>& sentences) const;
  };

  Tally no_serial_, no_memory_, unwelcomed_, refused_rings_, not_looked_at_, damaged_, never_heard_of_;
  uint64_t unreached_ = 0;
  NotFollowed not_followed_;
  uint64_t files_not_looked_for_ = 0;
};

}  // namespace fdtrace
