// What the rows of the table do beside the real call: one function for each effect. Each makes the real call itself or
// is given its result, keeps errno as the real call left it, and does nothing but the real call where nothing can be
// recorded. Safe in signal handlers, after fork, and in a vfork child.
#pragma once

#include <cstdint>
#include <optional>

#include "interposer/closed_streams.h"
#include "interposer/descriptors.h"
#include "interposer/failures.h"
#include "interposer/file_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/late_numbers.h"
#include "interposer/opening.h"
#include "interposer/rows.h"
#include "interposer/streams.h"

namespace fdtrace {

// The parts, for functions whose effect has no name of its own.
void RecordOpened(Row row, int fd, const char* path = nullptr, int companion = -1);
void RecordCopied(Row row, int fd, const DescriptorOrigin& source);
void RecordOpenedFile(Row row, int fd, const Opening& opening, const Opening::Outlook& outlook);
void RecordReceived(Row row, int fd);        // over a socket
void RecordSent(int fd, uint64_t began_ns);  // over a socket, by a call that began then
// Before the real call, which will write what the stream, if any, has buffered. The lifetime that ends, 0 if not known.
uint64_t RecordClosing(Row row, int fd, const FILE* stream = nullptr);
void RecordClosedUnknown(Row row, int fd);  // after it, when RecordClosing returned 0
// The file that fd holds, if its opening told of one: before fd is overwritten.
std::optional<FileFacts> FileToBeOverwritten(int fd);
// fd was made a copy, closing what it was.
void RecordOverwritten(Row row, int fd, const DescriptorOrigin& source, const std::optional<FileFacts>& overwritten);

inline int Created(Row row, int fd, const Given& given = {}) {
  if (fd >= 0) [[likely]] {
    fd = Late(fd);
    RecordOpened(row, fd, given.path);
  } else {
    RecordFailure(row, errno, given);
  }
  return fd;
}

template <typename Call>
auto Opened(Row row, const Opening& opening, Call call) {
  const Opening::Outlook outlook = opening.LookAhead();
  auto fd = call();
  if (fd >= 0) [[likely]] {
    fd = Late(static_cast<int>(fd));
    RecordOpenedFile(row, static_cast<int>(fd), opening, outlook);
  } else {
    RecordFailure(row, errno, Given::Of(opening));
  }
  return fd;
}

int CreatedPair(Row row, int result, int* first, int* second);

template <typename Object, typename DescriptorOf>
Object* CreatedStream(Row row, Object* object, const char* path, DescriptorOf descriptor_of) {
  ForgetClosed(object);
  if (object == nullptr) {
    RecordFailure(row, errno, {.path = path});
  } else if (const int fd = descriptor_of(object); fd >= 0) {
    RecordOpened(row, fd, path);
  }
  return object;
}

template <typename DescriptorOf, typename Call>
auto OpenedStream(Row row, const Opening& opening, DescriptorOf descriptor_of, Call call) {
  const Opening::Outlook outlook = opening.LookAhead();
  const auto object = call();
  ForgetClosed(object);
  if (object == nullptr) {
    RecordFailure(row, errno, Given::Of(opening));
  } else if (const int fd = descriptor_of(object); fd >= 0) {
    RecordOpenedFile(row, fd, opening, outlook);
  }
  return object;
}

template <typename Call>
int Duplicated(Row row, int source, Call call) {
  const DescriptorOrigin origin = OriginOf(source);  // before: source may be closed while we duplicate it
  int fd = call();
  if (fd >= 0) {
    fd = Late(fd);
    RecordCopied(row, fd, origin);
  } else {
    RecordFailure(row, errno, {.fd = source});
  }
  return fd;
}

template <typename Call>
int DuplicatedOver(Row row, int source, int target, Call call) {
  const DescriptorOrigin origin = OriginOf(source);
  const std::optional<FileFacts> overwritten = FileToBeOverwritten(target);
  const int fd = call();
  if (fd < 0) RecordFailure(row, errno, {.fd = source});
  if (fd >= 0 && source != target) RecordOverwritten(row, fd, origin, overwritten);
  return fd;
}

// What comes after a real call that was to close: lifetime is what RecordClosing returned; `error`, 0 if it succeeded.
inline int ErrorOf(long result) { return result >= 0 ? 0 : errno != 0 ? errno : EIO; }
void RecordOutcomeOfClose(Row row, int fd, uint64_t lifetime, int error, const FilesystemFacts* filesystem = nullptr);

template <typename Call>
auto Closed(Row row, int fd, Call call) {
  if (fd < 0) return call();
  const uint64_t lifetime = RecordClosing(row, fd);
  const auto result = call();
  RecordOutcomeOfClose(row, fd, lifetime, ErrorOf(result));
  return result;
}

// And frees the stream.
template <typename Call>
auto ClosedStream(Row row, FILE* stream, Call call) {
  if (stream == nullptr || RecordClosedBefore(row, stream)) return call();
  const int fd = StreamDescriptor(stream);
  const std::optional<FilesystemFacts> filesystem = FilesystemToBeWritten(*stream);
  const uint64_t lifetime = fd < 0 ? 0 : RecordClosing(row, fd, stream);
  RememberClosed(stream, {.id = lifetime, .fd = fd});
  const auto result = call();
  if (fd >= 0) RecordOutcomeOfClose(row, fd, lifetime, ErrorOf(result), filesystem ? &*filesystem : nullptr);
  return result;
}

// An object that owns fd from now on; null if the call failed.
template <typename Object>
Object* Adopted(Row row, int fd, Object* object) {
  if (object == nullptr) RecordFailure(row, errno, Given::Used(fd));
  ForgetClosed(object);
  return object;
}

template <typename Call>
FILE* ReopenedStream(Row row, const Opening& opening, FILE* stream, Call call) {
  return OpenedStream(row, opening, StreamDescriptor, [&] {
    const int fd = StreamDescriptor(stream);
    if (fd >= 0) RecordClosing(row, fd, stream);
    return call();
  });
}

// All of the range, before the real call; the row's condition has made sure that it will close them.
void RecordClosingRange(Row row, unsigned first, unsigned last);

// Would close_range(first, last, flags) close anything? Asked of the kernel with an empty range.
bool RangeWillClose(unsigned first, unsigned last, int flags);

// Descriptors that libc opens for itself and keeps until a function of the same family closes them. Their number is
// found by looking at the lowest free one before and after.
enum class Hidden { kLog, kUsers, kGroups, kShadow, kHosts, kNetworks, kProtocols, kServices, kLogins, kCount };

class HiddenOpening {
 public:
  explicit HiddenOpening(Hidden family);  // before the real call
  void Done(Row row);                     // after it
 private:
  Hidden family_;
  int candidate_ = -1;
};

void HiddenClosed(Row row, Hidden family);  // after the real call

}  // namespace fdtrace
