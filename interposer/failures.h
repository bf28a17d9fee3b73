// What the rows tell of a call that failed for want of descriptors (EMFILE, ENFILE) or of space (ENOSPC, EDQUOT), or
// that was given a descriptor that is not open (EBADF); of other errors nothing. After the real call, whose errno is
// kept. A call that succeeds costs a comparison of its result.
//
//  - A number below 0 was never a descriptor: such calls tell nothing. Nor do those that the kernel refuses with EBADF
//    because an open descriptor is not open for writing.
//  - Who tries one number after the other makes no mistake: see series.h.
//
// Safe in signal handlers, after fork and in a vfork child; needs no descriptor.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

#include "interposer/filesystem_facts.h"
#include "interposer/opening.h"
#include "interposer/rows.h"

namespace fdtrace {

// What a call was given. Built only once it has failed.
struct Given {
  // Whose file system the call needed room in.
  enum class Room { kOfDescriptor, kOfPath, kOfSharedMemory, kNone };

  int fd = -1;                 // that it writes to, where it is given two
  int other = -1;              // the other
  const char* path = nullptr;  // as passed
  int directory = AT_FDCWD;    // that the path is relative to
  Room room = Room::kOfDescriptor;
  const FilesystemFacts* filesystem = nullptr;  // where it was asked for before: the call has closed the descriptor
  uint64_t id = 0;                              // likewise the lifetime

  static Given To(int fd, int other = -1) { return {.fd = fd, .other = other}; }
  static Given Used(int fd) { return {.fd = fd, .room = Room::kNone}; }
  // What may be too many are the watches.
  static Given Watch(int fd, int other, const char* path = nullptr) {
    return {.fd = fd, .other = other, .path = path, .room = Room::kNone};
  }
  // By a call that makes something there.
  static Given NewPath(const char* path, int directory = AT_FDCWD) {
    return {.path = path, .directory = directory, .room = Room::kOfPath};
  }
  static Given Of(const Opening& opening);
};

void RecordFailure(Row row, int error, const Given& given);

// The call was given the descriptor in an fd_set, which ends before it.
void RecordBeyondSet(Row row, int fd);

// SIGBUS at this address. Nothing is told where no writable mapping of a file is known to be.
void RecordBusError(const void* address);

// The closers': the number was not open, and the table knew of no lifetime there.
void RecordClosedTwice(Row row, int fd);

// `call` returns a negative value and sets errno if it fails; `given` returns a Given.
template <typename Call, typename GivenTo>
auto OrFailed(Row row, Call call, GivenTo given) {
  const auto result = call();
  if (result < 0) [[unlikely]]
    RecordFailure(row, errno, given());
  return result;
}

}  // namespace fdtrace
