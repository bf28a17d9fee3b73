// The rows of the table as numbers: Row::open, Row::syscall_openat2, … with their names and what they make.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "interposer/gnu_hash.h"

namespace fdtrace {

// As Resource in proto/event.proto, which wire_test.cc compares.
enum class ResourceKind : uint8_t {
  RESOURCE_UNKNOWN,
  FILE,
  DIRECTORY,
  SOCKET,
  PIPE,
  EPOLL,
  EVENTFD,
  TIMERFD,
  SIGNALFD,
  INOTIFY,
  FANOTIFY,
  MEMFD,
  SHARED_MEMORY,
  MESSAGE_QUEUE,
  TERMINAL,
  PIDFD,
  MOUNT,
  IO_URING,
  USERFAULTFD,
  PERF_EVENT,
  BPF,
  LANDLOCK,
  SECCOMP,
  DEVICE,
  NAMESPACE,
};

// ROW(resource, name) for every row of interposed_functions.inc, whatever its effect.
#define CREATES(resource, name, ...) ROW(resource, name)
#define CREATES_BY(resource, name, ...) ROW(resource, name)
#define OPENS(resource, name, ...) ROW(resource, name)
#define OPENS_MODE(resource, name, ...) ROW(resource, name)
#define CREATES_PAIR(resource, name, ...) ROW(resource, name)
#define OPENS_STREAM(resource, name, ...) ROW(resource, name)
#define CREATES_HIDDEN(resource, name, ...) ROW(resource, name)
#define DUPLICATES(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define DUPLICATES_OVER(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define REOPENS_STREAM(name, ...) ROW(FILE, name)
#define ADOPTS(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define CLOSES(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define CLOSES_STREAM(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define CLOSES_RANGE(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define CLOSES_HIDDEN(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define UNLINKS(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define RENAMES(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define LINKS(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define CAN_FAIL(name, ...) ROW(RESOURCE_UNKNOWN, name)
#define OTHER(resource, name) ROW(resource, name)
#define SYSCALL_CREATES(resource, name, ...) SYSCALL_ROW(resource, name)
#define SYSCALL_CREATES_BY(resource, name, ...) SYSCALL_ROW(resource, name)
#define SYSCALL_OPENS(resource, name, ...) SYSCALL_ROW(resource, name)
#define SYSCALL_CREATES_PAIR(resource, name, ...) SYSCALL_ROW(resource, name)
#define SYSCALL_DUPLICATES(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_DUPLICATES_OVER(name) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_RECEIVES(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_CLOSES(name) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_CLOSES_RANGE(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_SENDS(name) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_UNLINKS(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_RENAMES(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_LINKS(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_CAN_FAIL(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_EXECUTES(name, ...) SYSCALL_ROW(RESOURCE_UNKNOWN, name)
#define SYSCALL_EXITS(name) SYSCALL_ROW(RESOURCE_UNKNOWN, name)

enum class Row : uint16_t {
#define ROW(resource, name) name,
#define SYSCALL_ROW(resource, name) syscall_##name,
#include "interposer/interposed_functions.inc"
#include "interposer/interposed_syscalls.inc"
#undef ROW
#undef SYSCALL_ROW
  kCount
};
inline constexpr size_t kRowCount = static_cast<size_t>(Row::kCount);

namespace internal {

// One after the other: of pointers to them the loader would have to set every one as the program starts.
inline constexpr char kRowNames[] =
#define ROW(resource, name) #name "\0"
#define SYSCALL_ROW(resource, name) "syscall(" #name ")\0"
#include "interposer/interposed_functions.inc"
#include "interposer/interposed_syscalls.inc"
#undef ROW
#undef SYSCALL_ROW
    ;
static_assert(sizeof kRowNames <= UINT16_MAX);

}  // namespace internal

struct RowFacts {
  ResourceKind resource;
  uint16_t name_at;  // in kRowNames
  uint32_t hash;     // of the name, as ELF's DT_GNU_HASH has it

  constexpr const char* name() const { return internal::kRowNames + name_at; }
};

inline constexpr std::array<RowFacts, kRowCount> kRows = [] {
  std::array<RowFacts, kRowCount> rows = {{
#define ROW(resource, name) {ResourceKind::resource, 0, 0},
#define SYSCALL_ROW(resource, name) {ResourceKind::resource, 0, 0},
#include "interposer/interposed_functions.inc"
#include "interposer/interposed_syscalls.inc"
#undef ROW
#undef SYSCALL_ROW
  }};
  uint16_t next = 0;
  for (RowFacts& row : rows) {
    row.name_at = next;
    row.hash = GnuHashOf(row.name());
    while (internal::kRowNames[next++] != '\0') {
    }
  }
  return rows;
}();

#undef CREATES
#undef CREATES_BY
#undef OPENS
#undef OPENS_MODE
#undef CREATES_PAIR
#undef OPENS_STREAM
#undef CREATES_HIDDEN
#undef DUPLICATES
#undef DUPLICATES_OVER
#undef REOPENS_STREAM
#undef ADOPTS
#undef CLOSES
#undef CLOSES_STREAM
#undef CLOSES_RANGE
#undef CLOSES_HIDDEN
#undef UNLINKS
#undef RENAMES
#undef LINKS
#undef CAN_FAIL
#undef OTHER
#undef SYSCALL_CREATES
#undef SYSCALL_CREATES_BY
#undef SYSCALL_OPENS
#undef SYSCALL_CREATES_PAIR
#undef SYSCALL_DUPLICATES
#undef SYSCALL_DUPLICATES_OVER
#undef SYSCALL_RECEIVES
#undef SYSCALL_CLOSES
#undef SYSCALL_CLOSES_RANGE
#undef SYSCALL_SENDS
#undef SYSCALL_UNLINKS
#undef SYSCALL_RENAMES
#undef SYSCALL_LINKS
#undef SYSCALL_CAN_FAIL
#undef SYSCALL_EXECUTES
#undef SYSCALL_EXITS

}  // namespace fdtrace
