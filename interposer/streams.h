// Closing a stream writes what it has buffered, so its file's size is known only afterwards, when there is no
// descriptor to ask any more. Keeping a copy of it over the real call would do, but not in a thread that is cancelled
// there, a handler that leaves it by longjmp, or a child that another thread forks meanwhile: each would keep the copy
// for good. So the file is asked for by its name, if that is still its; else the size is worked out. After fork; not
// for signal handlers, as fclose.
#pragma once

#include <stdio.h>

#include <cstdint>
#include <optional>

#include "interposer/descriptors.h"
#include "interposer/effects.h"
#include "interposer/file_facts.h"
#include "proto/session.h"

namespace fdtrace {

// A FILE's number without its lock; streams over memory have none. Null is for the real function to judge.
inline int StreamDescriptor(FILE* stream) { return stream == nullptr ? -1 : stream->_fileno; }

class ClosingStream {
 public:
  ClosingStream(Row row, FILE* stream, int fd);  // before the real call
  void Done(bool successfully);                  // after it
  // That ends; 0 when not known.
  uint64_t lifetime() const { return lifetime_; }

 private:
  std::optional<FileFacts> Written(bool successfully) const;

  Row row_;
  int fd_;
  uint64_t lifetime_ = 0;
  std::optional<FileFacts> before_;  // of a file that the close itself will write to
  uint64_t end_of_write_ = 0;        // where it has no name; 0: not known
  size_t name_length_ = 0;
  char name_[kMaxPathBytes + 1];
};

template <typename Call>
int ClosedStream(Row row, FILE* stream, Call call) {
  const int fd = StreamDescriptor(stream);
  if (fd < 0) return call();
  ClosingStream closing(row, stream, fd);
  const int result = call();
  closing.Done(result >= 0);
  if (closing.lifetime() == 0 && result >= 0) RecordClosedUnknown(row, fd);
  return result;
}

// The stream's descriptor is closed and it gets another.
template <typename Call>
FILE* ReopenedStream(Row row, const Opening& opening, FILE* stream, Call call) {
  return OpenedStream(row, opening, StreamDescriptor, [&] {
    const int fd = StreamDescriptor(stream);
    if (fd < 0) return call();
    ClosingStream closing(row, stream, fd);
    FILE* const reopened = call();
    closing.Done(reopened != nullptr);
    return reopened;
  });
}

}  // namespace fdtrace
