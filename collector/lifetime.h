// A descriptor while it is open, and what all processes of a recording share in counting them. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/created_files.h"
#include "collector/failures.h"
#include "collector/files.h"
#include "collector/inherited.h"
#include "collector/model.h"
#include "collector/opener.h"
#include "collector/passed_descriptors.h"
#include "collector/recording_notes.h"
#include "collector/sites.h"
#include "collector/tests_run.h"
#include "collector/thread_label.h"
#include "collector/timeline.h"
#include "collector/wrong_closes.h"
#include "proto/session.h"

namespace fdtrace {

// How a descriptor came to be.
enum class Origin : uint8_t {
  kTold,         // by a call of this process that was seen
  kInherited,    // there before the program started
  kCopy,         // its parent's, by fork
  kUnseen,       // by no call that was seen
  kProvisional,  // found in /proc once: its event may be under way
};

struct Lifetime {
  Origin origin = Origin::kTold;
  uint64_t opened_ns = 0;  // or when it was found
  uint32_t place = 0;      // of its site; 0: none, for it is one of 0-2 or was not told
  int32_t fd = -1;
  ThreadLabel thread;
  std::string path_argument;
  std::unique_ptr<SeenDescriptor> seen;              // as /proc showed it last; null: not looked at
  Opener given_by = {};                              // of one that this process did not open
  std::shared_ptr<const Receipt> receipt = nullptr;  // of one that came over a socket; else null
  FileHold hold = {};                                // of a regular file or shared memory
  uint64_t test = 0;                                 // key of the test that it was opened in; 0: none
};

// What a process still held when it ended.
struct LeftOpen {
  Lifetime lifetime;
  uint32_t process = 0;
  bool inherited = false;
};

// Standard input, output and error are left out of sites and of the timeline.
inline constexpr int32_t kLastStandardNumber = 2;

inline bool IsLifetimeId(uint64_t id) { return id >> kLifetimeIdBits == 0; }

class TracedProcess;

// Not "Recording": that is a message of the Report, and one program cannot have two classes of one name.
struct RecordedSoFar {
  Sites sites;
  Timeline timeline;
  std::vector<LeftOpen> left_open;
  InheritedDescriptors inherited;
  PassedDescriptors passed;
  Files files;
  CreatedFiles created;
  Failures failures;
  TestsRun tests;
  WrongCloses wrong_closes;
  uint64_t untraced_programs = 0;
  UntracedTally untraced_between;
  absl::flat_hash_map<uint32_t, TracedProcess*> by_image;  // serial of its running image -> living process
  absl::flat_hash_map<uint32_t, uint32_t> pid_by_image;    // of every image there was
};

}  // namespace fdtrace
