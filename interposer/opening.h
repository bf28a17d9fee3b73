// What a call that opens is asked for, as far as files go: may the descriptor write, may the call make the file? In the
// words of open(2), into which the table translates those of other calls.
// Safe in signal handlers, after fork and in a vfork child.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <optional>

#include "interposer/event_writer.h"
#include "interposer/file_facts.h"

namespace fdtrace {

// The flags that calls without any have.
inline constexpr int kCreatFlags = O_WRONLY | O_CREAT | O_TRUNC;
inline constexpr int kTemporaryFlags = O_RDWR | O_CREAT | O_EXCL;

// Those that fopen makes of its mode.
int StreamFlags(const char* mode);

class Opening {
 public:
  // A path alone: of no file, or one that is only read.
  Opening(const char* path, int flags = O_RDONLY, int directory = AT_FDCWD)  // NOLINT: the table has many of these
      : path_(path), flags_((flags & O_PATH) != 0 ? O_RDONLY : flags), directory_(directory) {}

  static Opening OfSharedMemory(const char* name, int flags) {
    Opening opening(name, flags);
    opening.space_ = Space::kSharedMemory;
    return opening;
  }

  // Of openat2's open_how, if that can be read.
  static Opening How(const char* path, const void* open_how, int directory);

  // As passed; null where the call takes none.
  const char* path() const { return path_; }

  // Asked after the real call: does the path lead to the file from anywhere?
  bool HasFullPath() const;

  bool MayWrite() const { return (flags_ & O_ACCMODE) != O_RDONLY; }

  // Something of its own: a file where there is none.
  bool MayMake() const { return (flags_ & O_CREAT) != 0; }
  bool IsOfSharedMemory() const { return space_ == Space::kSharedMemory; }

  // Of a path that does not begin with a slash.
  int directory() const { return directory_; }

  // What the call will have done if it succeeds.
  struct Outlook {
    bool creates = false;
    uint64_t absent_ns = 0;                 // when it was not there yet; 0: not known
    std::optional<FileFacts> empties = {};  // the file as it is before, where it is looked at anyway
  };
  // Asked before the real call.
  Outlook LookAhead() const {
    if ((flags_ & O_CREAT) == 0) [[likely]]
      return {};
    return (flags_ & O_EXCL) != 0 ? Outlook{.creates = true, .absent_ns = MonotonicNs()} : LookAtTarget();
  }

 private:
  // Where the path leads from when it begins with a slash.
  enum class Space { kRoot, kSharedMemory, kElsewhere };

  Outlook LookAtTarget() const;

  const char* path_;
  int flags_;
  int directory_;
  Space space_ = Space::kRoot;
};

}  // namespace fdtrace
