// Programs that a followed process runs and that never say hello: when to look for them, and what can be said of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "collector/model.h"
#include "collector/procfs.h"
#include "collector/program.h"

namespace fdtrace {

// Since the recording started, as all times here.
inline constexpr uint64_t kNever = UINT64_MAX;

// When to look at images that are about to run another program. Most have said hello by then, and cost nothing more.
class ExecutionsToLookAt {
 public:
  static constexpr uint64_t kFirstLookNs = 100'000'000;
  static constexpr uint64_t kLoadingLimitNs = 3'000'000'000;  // a loader may take its time, above all over a network
  static constexpr uint64_t kGiveUpNs = 10'000'000'000;       // the exec failed, and that event was lost

  void Began(uint32_t serial, uint64_t at_ns) { looks_.emplace(at_ns + kFirstLookNs, serial); }
  // After as long a time as has passed since BEGAN.
  void LookAgain(uint32_t serial, uint64_t began_ns, uint64_t now_ns);

  // The next look at an image that is IN_QUESTION.
  uint64_t Next(const std::function<bool(uint32_t serial)>& in_question);
  std::vector<uint32_t> TakeDue(uint64_t now_ns);

 private:
  using Look = std::pair<uint64_t, uint32_t>;  // due, serial
  std::priority_queue<Look, std::vector<Look>, std::greater<>> looks_;
};

// What a living process runs that was about to run PATH; nothing as long as it has not gone on. The reason is empty
// where nothing is seen that would keep it from saying hello, with session VARIABLE, yet.
std::optional<UntracedProgram> LookAtProgram(const ProcessDirectory& process, const std::string& path,
                                             const std::string& variable);

// The program of a process, a child of PARENT, that ended after it was about to run ANNOUNCED.
UntracedProgram ProgramOfEnded(const AnnouncedProgram& announced, pid_t parent);

// The reason where none is seen.
std::string NeverReported(const std::string& executable);

}  // namespace fdtrace
