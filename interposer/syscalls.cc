// syscall(): programs reach kernel calls through it that libc has no function for, and some reach close this way.
// Calls made by an instruction of the program's own pass us by; the collector's look at /proc finds what they did.
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>

#include "interposer/custom_functions.h"
#include "interposer/effects.h"
#include "interposer/environment.h"
#include "interposer/event_writer.h"
#include "interposer/interposed_functions.h"
#include "interposer/names.h"
#include "interposer/processes.h"
#include "interposer/programs.h"
#include "interposer/real_functions.h"
#include "interposer/seccomp.h"

// Numbers that a machine lacks (aarch64 has no open) or that the headers here do not know yet get one that no call has,
// each its own, so that the table need not know of machines.
#define FDTRACE_ABSENT(position) (-1000 - (position))
#ifndef SYS_open
#define SYS_open FDTRACE_ABSENT(0)
#define SYS_creat FDTRACE_ABSENT(1)
#define SYS_epoll_create FDTRACE_ABSENT(2)
#define SYS_eventfd FDTRACE_ABSENT(3)
#define SYS_signalfd FDTRACE_ABSENT(4)
#define SYS_inotify_init FDTRACE_ABSENT(5)
#define SYS_pipe FDTRACE_ABSENT(6)
#define SYS_dup2 FDTRACE_ABSENT(7)
#define SYS_unlink FDTRACE_ABSENT(8)
#define SYS_rename FDTRACE_ABSENT(9)
#define SYS_link FDTRACE_ABSENT(10)
#define SYS_mkdir FDTRACE_ABSENT(11)
#define SYS_mknod FDTRACE_ABSENT(12)
#define SYS_symlink FDTRACE_ABSENT(13)
#endif

namespace fdtrace {
namespace {

const char* Text(long argument) { return reinterpret_cast<const char*>(argument); }

int Int(long argument) { return static_cast<int>(argument); }

struct Arguments {
  long number = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
};

long ForwardPlainly(const Arguments& call) {
  return Real<decltype(::syscall)>(Row::syscall)(call.number, call.a, call.b, call.c, call.d, call.e, call.f);
}

// seccomp(operation, flags, program); prctl(PR_SET_SECCOMP, mode, program).
long ForwardConfining(const Arguments& call) {
  const bool by_prctl = call.number == SYS_prctl;
  const auto flags = static_cast<unsigned>(by_prctl ? 0 : call.b);
  const long mode = Int(by_prctl ? call.b : call.a);
  const Installation installation = {.strict = mode == (by_prctl ? SECCOMP_MODE_STRICT : SECCOMP_SET_MODE_STRICT),
                                     .program = reinterpret_cast<const sock_fprog*>(call.c),
                                     .all_threads = (flags & SECCOMP_FILTER_FLAG_TSYNC) != 0};
  return Confine(installation, [&]() -> Installed {
    const long result = ForwardPlainly(call);
    const bool listens = (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;  // else above 0: a thread that was in the way
    return {.result = result, .successfully = listens ? result >= 0 : result == 0};
  });
}

bool Confines(const Arguments& call) {
  if (call.number == SYS_prctl) return Int(call.a) == PR_SET_SECCOMP;
  return call.number == SYS_seccomp &&
         (Int(call.a) == SECCOMP_SET_MODE_STRICT || Int(call.a) == SECCOMP_SET_MODE_FILTER);
}

long Forward(const Arguments& call) { return Confines(call) ? ForwardConfining(call) : ForwardPlainly(call); }

long Dispatch(const Arguments& call) {
  const long a = call.a, b = call.b, c = call.c, d = call.d, e = call.e;
  const int fd = Int(a);
  switch (call.number) {
#define SYSCALL_CREATES(resource, name, creates)                                        \
  case SYS_##name: {                                                                    \
    const long result = Forward(call);                                                  \
    return (creates) ? Created(Row::syscall_##name, static_cast<int>(result)) : result; \
  }
#define SYSCALL_CREATES_BY(resource, name, fd) \
  case SYS_##name:                             \
    return Created(Row::syscall_##name, static_cast<int>(Forward(call)), Given::Used(fd));
#define SYSCALL_OPENS(resource, name, opening) \
  case SYS_##name:                             \
    return Opened(Row::syscall_##name, opening, [&] { return Forward(call); });
#define SYSCALL_CREATES_PAIR(resource, name, pair)                 \
  case SYS_##name: {                                               \
    int* const fds = reinterpret_cast<int*>(pair);                 \
    const auto result = static_cast<int>(Forward(call));           \
    return CreatedPair(Row::syscall_##name, result, fds, fds + 1); \
  }
#define SYSCALL_DUPLICATES(name, duplicates) \
  case SYS_##name:                           \
    if (!(duplicates)) return Forward(call); \
    return Duplicated(Row::syscall_##name, fd, [&] { return static_cast<int>(Forward(call)); });
#define SYSCALL_DUPLICATES_OVER(name) \
  case SYS_##name:                    \
    return DuplicatedOver(Row::syscall_##name, fd, Int(b), [&] { return static_cast<int>(Forward(call)); });
#define SYSCALL_RECEIVES(name, count)                                           \
  case SYS_##name: {                                                            \
    const long result = Forward(call);                                          \
    if (result >= 0) ReceivedBy##name(b, count);                                \
    if (result < 0) RecordFailure(Row::syscall_##name, errno, Given::Used(fd)); \
    return result;                                                              \
  }
#define SYSCALL_CLOSES(name) \
  case SYS_##name:           \
    return Closed(Row::syscall_##name, fd, [&] { return Forward(call); });
#define SYSCALL_CLOSES_RANGE(name, closes)                                                                   \
  case SYS_##name:                                                                                           \
    if (closes) RecordClosingRange(Row::syscall_##name, static_cast<unsigned>(a), static_cast<unsigned>(b)); \
    return Forward(call);
#define SYSCALL_EXECUTES(name, path, variables)                                                                \
  case SYS_##name: {                                                                                           \
    const bool announced = AnnounceExec(path);                                                                 \
    const long result = WithOurs(reinterpret_cast<char* const*>(call.variables), [&](char* const* with_ours) { \
      Arguments changed = call;                                                                                \
      changed.variables = reinterpret_cast<long>(with_ours);                                                   \
      return Forward(changed);                                                                                 \
    });                                                                                                        \
    if (announced) AnnounceFailure();                                                                          \
    return result;                                                                                             \
  }
#define SYSCALL_UNLINKS(name, directory, path) \
  case SYS_##name:                             \
    return Unlinked(Row::syscall_##name, directory, path, [&] { return Forward(call); });
#define SYSCALL_RENAMES(name, renaming) \
  case SYS_##name:                      \
    return Renamed(Row::syscall_##name, renaming, [&] { return Forward(call); });
#define SYSCALL_LINKS(name, linking) \
  case SYS_##name:                   \
    return Linked(Row::syscall_##name, linking, [&] { return Forward(call); });
#define SYSCALL_CAN_FAIL(name, given) \
  case SYS_##name:                    \
    return OrFailed(                  \
        Row::syscall_##name, [&] { return Forward(call); }, [&] { return given; });
#define SYSCALL_SENDS(name)                                                     \
  case SYS_##name: {                                                            \
    const uint64_t began_ns = MonotonicNs();                                    \
    const long result = Forward(call);                                          \
    if (result >= 0) SentBy##name(b, static_cast<int>(result), began_ns);       \
    if (result < 0) RecordFailure(Row::syscall_##name, errno, Given::Used(fd)); \
    return result;                                                              \
  }
#define SYSCALL_EXITS(name) \
  case SYS_##name:          \
    AnnounceExit(fd);       \
    return Forward(call);
#define SentBysendmsg(message, count, began_ns) Sent(*reinterpret_cast<const msghdr*>(message), began_ns)
#define SentBysendmmsg(messages, count, began_ns) Sent(reinterpret_cast<const mmsghdr*>(messages), count, began_ns)
#define ReceivedByrecvmsg(messages, count) Received(Row::syscall_recvmsg, *reinterpret_cast<const msghdr*>(messages))
#define ReceivedByrecvmmsg(messages, count) \
  Received(Row::syscall_recvmmsg, reinterpret_cast<const mmsghdr*>(messages), static_cast<int>(count))
#include "interposer/interposed_syscalls.inc"
    default:
      return Forward(call);
  }
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

// Six arguments are passed on whatever the call takes, as libc's own syscall() does.
FDTRACE_EXPORT long syscall(long number, ...) noexcept {
  va_list rest;
  va_start(rest, number);
  Arguments call;
  call.number = number;
  for (long* argument : {&call.a, &call.b, &call.c, &call.d, &call.e, &call.f}) *argument = va_arg(rest, long);
  va_end(rest);
  return Dispatch(call);
}
