#include "interposer/failures.h"

#include <sys/resource.h>

#include "interposer/descriptors.h"
#include "interposer/event_writer.h"
#include "interposer/filesystem_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/raw_syscall.h"
#include "interposer/readable_address.h"
#include "interposer/seccomp_calls.h"
#include "interposer/shared_mappings.h"
#include "interposer/shared_memory_path.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

// Of text that not every call which fails has read: as far as there is memory.
std::span<const char> Readable(const char* text) {
  if (text == nullptr) return {};
  size_t length = 0;
  for (bool may_go_on = IsReadable(text); may_go_on && length < kMaxPathBytes && text[length] != '\0';) {
    ++length;
    if (reinterpret_cast<uintptr_t>(text + length) % kPageBytes == 0) may_go_on = IsReadable(text + length);
  }
  return {text, length};
}

void AddLimits(FailedEvent& event) {
  if (!MayCall(OurCall::kLimits)) return;
  rlimit limit = {};
  if (Failed(RawSyscall(SYS_prlimit64, 0L, RLIMIT_NOFILE, 0, reinterpret_cast<long>(&limit)))) return;
  event.nofile_soft = limit.rlim_cur;
  event.nofile_hard = limit.rlim_max;
}

std::optional<FilesystemFacts> RoomFor(const HookScope& scope, const Given& given, bool has_path) {
  switch (given.room) {
    case Given::Room::kOfDescriptor:
      if (given.fd >= 0) return FilesystemOf(given.fd);
      return {};
    case Given::Room::kOfPath:
      if (has_path && !scope.event_buffer().empty())
        return FilesystemFor(given.directory, given.path, scope.event_buffer());
      return {};
    case Given::Room::kOfSharedMemory:
      if (has_path && !scope.event_buffer().empty())
        return FilesystemFor(AT_FDCWD, SharedMemoryPath(given.path).text, scope.event_buffer());
      return {};
    case Given::Room::kNone:
      return {};
  }
  return {};
}

bool IsClosed(int fd) {
  return fd >= 0 && MayCall(OurCall::kDescriptorFlags) && RawSyscall(SYS_fcntl, fd, F_GETFD) == -EBADF;
}

// Which of those that the call was given is not open; -1: none, as far as can be told.
int ClosedOne(const Given& given) {
  const bool from_directory = given.directory >= 0 && IsReadable(given.path) && given.path[0] != '/';
  for (const int fd : {given.fd, given.other, from_directory ? given.directory : -1}) {
    if (IsClosed(fd)) return fd;
  }
  return -1;
}

void RecordNotOpen(Row row, int fd, const char* path) {
  const NumberSeries::Seen seen = fdtrace_thread.series.NotOpen(row, fd);
  if (seen == NumberSeries::Seen::kSweepGoesOn) return;
  const HookScope scope;
  if (!scope.recording()) return;
  scope.attachment().last_look.Want();
  WriteFailed(scope, {.error = EBADF,
                      .row = row,
                      .stack = CaptureStack(scope),
                      .path = Readable(path),
                      .fd = fd,
                      .id = LifetimeOf(fd),
                      .sweep = seen == NumberSeries::Seen::kSweep});
}

bool IsOfDescriptors(int error) { return error == EMFILE || error == ENFILE; }
bool IsOfSpace(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

Given Given::Of(const Opening& opening) {
  return {.path = opening.path(),
          .directory = opening.directory(),
          .room = !opening.MayMake()           ? Room::kNone
                  : opening.IsOfSharedMemory() ? Room::kOfSharedMemory
                                               : Room::kOfPath};
}

__attribute__((cold, noinline)) void RecordFailure(Row row, int error, const Given& given) {
  if (error == EBADF) {
    const int fd = ClosedOne(given);
    if (fd >= 0) RecordNotOpen(row, fd, given.path);
    return;
  }
  if (!IsOfDescriptors(error) && !IsOfSpace(error)) return;
  const HookScope scope;
  if (!scope.recording()) return;
  FailedEvent event = {.error = error, .row = row, .stack = CaptureStack(scope), .path = Readable(given.path)};
  if (given.fd >= 0) {
    event.fd = given.fd;
    event.id = given.id != 0 ? given.id : LifetimeOf(given.fd);
  }
  if (IsOfDescriptors(error)) {
    AddLimits(event);
  } else {
    event.filesystem =
        given.filesystem != nullptr ? std::optional(*given.filesystem) : RoomFor(scope, given, !event.path.empty());
    event.privileged = event.filesystem && MayUseReserve();
  }
  scope.attachment().last_look.Want();
  WriteFailed(scope, event);
}

__attribute__((cold, noinline)) void RecordBeyondSet(Row row, int fd) {
  const HookScope scope;
  if (!scope.recording()) return;
  scope.attachment().last_look.Want();
  WriteFailed(scope, {.row = row, .stack = CaptureStack(scope), .fd = fd, .id = LifetimeOf(fd), .beyond_set = true});
}

__attribute__((cold, noinline)) void RecordBusError(const void* address) {
  SharedMapping mapping;
  if (!FindSharedMapping(address, mapping)) return;
  const HookScope scope;
  if (!scope.recording() || scope.event_buffer().empty()) return;
  FailedEvent event = {.error = ENOSPC, .row = Row::mmap, .stack = CaptureStack(scope), .path = Readable(mapping.path)};
  event.filesystem = FilesystemFor(AT_FDCWD, mapping.path, scope.event_buffer());
  if (!event.filesystem || event.filesystem->device != mapping.device) return;
  event.privileged = MayUseReserve();
  event.by_signal = true;
  scope.attachment().last_look.Want();
  WriteFailed(scope, event);
}

__attribute__((noinline)) void RecordClosedTwice(Row row, int fd) { RecordNotOpen(row, fd, nullptr); }

}  // namespace fdtrace
