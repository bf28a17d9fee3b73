// Interposed functions whose effect hangs on a value: a command, a request, a message, a pointer that may be null.
#include "interposer/custom_functions.h"

#include <linux/bpf.h>
#include <linux/nsfs.h>
#include <linux/userfaultfd.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <iterator>

#include "interposer/effects.h"
#include "interposer/event_writer.h"
#include "interposer/interposed_functions.h"
#include "interposer/real_functions.h"
#include "interposer/undeclared.h"
#include "interposer/working_directory.h"

namespace fdtrace {
namespace {

#ifndef SCM_PIDFD
constexpr int SCM_PIDFD = 0x04;  // linux/socket.h, since 6.5
#endif

// Requests that return a descriptor. Values that a header here does not name are from the kernel's uapi headers.
constexpr unsigned long kCreatingRequests[] = {
    TIOCGPTPEER,
    NS_GET_USERNS,
    NS_GET_PARENT,
    0xae01,                     // KVM_CREATE_VM
    0xae41,                     // KVM_CREATE_VCPU
    0xaece,                     // KVM_GET_STATS_FD
    _IO(0xaa, 0x00),            // USERFAULTFD_IOC_NEW
    _IOW('u', 0x42, char[24]),  // UDMABUF_CREATE
    _IO(';', 106),              // VFIO_GROUP_GET_DEVICE_FD
};

}  // namespace

bool IoctlCreates(unsigned long request) {
  return std::find(std::begin(kCreatingRequests), std::end(kCreatingRequests), request) != std::end(kCreatingRequests);
}

bool BpfCommandCreates(long command) {
  switch (command) {
    case BPF_MAP_CREATE:
    case BPF_PROG_LOAD:
    case BPF_OBJ_GET:
    case BPF_PROG_GET_FD_BY_ID:
    case BPF_MAP_GET_FD_BY_ID:
    case BPF_RAW_TRACEPOINT_OPEN:
    case BPF_BTF_LOAD:
    case BPF_BTF_GET_FD_BY_ID:
    case BPF_LINK_CREATE:
    case BPF_LINK_GET_FD_BY_ID:
    case BPF_ENABLE_STATS:
    case BPF_ITER_CREATE:
      return true;
    default:
      return false;
  }
}

namespace {

template <typename Visit>
void VisitPassed(const msghdr& message, Visit visit) {
  if (message.msg_controllen == 0) return;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), part)) {
    if (part->cmsg_level != SOL_SOCKET || (part->cmsg_type != SCM_RIGHTS && part->cmsg_type != SCM_PIDFD)) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (fd >= 0) visit(fd);
    }
  }
}

}  // namespace

void Received(Row row, const msghdr& message) {
  VisitPassed(message, [row](int fd) { RecordReceived(row, fd); });
}

void Sent(const msghdr& message, uint64_t began_ns) {
  VisitPassed(message, [began_ns](int fd) { RecordSent(fd, began_ns); });
}

void Sent(const mmsghdr* messages, int count, uint64_t began_ns) {
  for (int i = 0; i < count; ++i) Sent(messages[i].msg_hdr, began_ns);
}

void Received(Row row, const mmsghdr* messages, int count) {
  for (int i = 0; i < count; ++i) Received(row, messages[i].msg_hdr);
}

namespace {

int Fcntl(Row row, int fd, int command, long argument) {
  auto* const real = Real<decltype(::fcntl)>(row);
  if (command == F_GETFD || command == F_GETFL) return real(fd, command, argument);  // which ask whether it is open
  NoteLocks(command);
  if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) {
    return OrFailed(
        row, [&] { return real(fd, command, argument); }, [&] { return Given::Used(fd); });
  }
  return Duplicated(row, fd, [&] { return real(fd, command, argument); });
}

template <typename Call>
void Logged(Row row, Call call) {
  HiddenOpening opening(Hidden::kLog);
  call();
  opening.Done(row);
}

// A second descriptor for the remote program's errors, where the caller wanted one.
int Connected(Row row, int fd, int* errors) {
  if (fd >= 0 && errors != nullptr) *errors = Created(row, *errors);
  return Created(row, fd);
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define REAL(name) Real<decltype(::name)>(Row::name)

// fcntl's third argument is an int or a pointer: as a long it is passed on whole.
#define FCNTL_ARGUMENT(command)             \
  ({                                        \
    va_list rest;                           \
    va_start(rest, command);                \
    const long passed = va_arg(rest, long); \
    va_end(rest);                           \
    passed;                                 \
  })

FDTRACE_EXPORT int fcntl(int fd, int command, ...) { return Fcntl(Row::fcntl, fd, command, FCNTL_ARGUMENT(command)); }
FDTRACE_EXPORT int fcntl64(int fd, int command, ...) {
  return Fcntl(Row::fcntl64, fd, command, FCNTL_ARGUMENT(command));
}
FDTRACE_EXPORT int __fcntl(int fd, int command, ...) {
  return Fcntl(Row::__fcntl, fd, command, FCNTL_ARGUMENT(command));
}

FDTRACE_EXPORT int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  const int result = REAL(ioctl)(fd, request, argument);
  return IoctlCreates(request) ? Created(Row::ioctl, result) : result;
}

// With a descriptor, signalfd changes that one and returns it.
FDTRACE_EXPORT int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
  const int result = REAL(signalfd)(fd, mask, flags);
  return fd == -1 ? Created(Row::signalfd, result) : result;
}

FDTRACE_EXPORT mqd_t mq_open(const char* name, int flags, ...) noexcept {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  mq_attr* const attributes = va_arg(rest, mq_attr*);
  va_end(rest);
  return Created(Row::mq_open, REAL(mq_open)(name, flags, mode, attributes), {.path = name});
}

FDTRACE_EXPORT ssize_t recvmsg(int fd, msghdr* message, int flags) {
  const ssize_t result = REAL(recvmsg)(fd, message, flags);
  if (result < 0) RecordFailure(Row::recvmsg, errno, Given::Used(fd));
  if (result >= 0) Received(Row::recvmsg, *message);
  return result;
}

FDTRACE_EXPORT int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  const int result = REAL(recvmmsg)(fd, messages, count, flags, timeout);
  if (result < 0) RecordFailure(Row::recvmmsg, errno, Given::Used(fd));
  Received(Row::recvmmsg, messages, result);
  return result;
}

// Told only once it is known that the message is readable and was taken, but as of before: the receiver may be faster.
FDTRACE_EXPORT ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const uint64_t began_ns = MonotonicNs();
  const ssize_t result = REAL(sendmsg)(fd, message, flags);
  if (result < 0) RecordFailure(Row::sendmsg, errno, Given::Used(fd));
  if (result >= 0) Sent(*message, began_ns);
  return result;
}

FDTRACE_EXPORT int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  const uint64_t began_ns = MonotonicNs();
  const int result = REAL(sendmmsg)(fd, messages, count, flags);
  if (result < 0) RecordFailure(Row::sendmmsg, errno, Given::Used(fd));
  Sent(messages, result, began_ns);
  return result;
}

// The first message opens the log where openlog has not.
FDTRACE_EXPORT void vsyslog(int priority, const char* format, va_list rest) {
  Logged(Row::vsyslog, [&] { REAL(vsyslog)(priority, format, rest); });
}
FDTRACE_EXPORT void __vsyslog_chk(int priority, int flag, const char* format, va_list rest) {
  Logged(Row::__vsyslog_chk, [&] { REAL(__vsyslog_chk)(priority, flag, format, rest); });
}
FDTRACE_EXPORT void syslog(int priority, const char* format, ...) {
  va_list rest;
  va_start(rest, format);
  Logged(Row::syslog, [&] { REAL(vsyslog)(priority, format, rest); });
  va_end(rest);
}
FDTRACE_EXPORT void __syslog_chk(int priority, int flag, const char* format, ...) {
  va_list rest;
  va_start(rest, format);
  Logged(Row::__syslog_chk, [&] { REAL(__vsyslog_chk)(priority, flag, format, rest); });
  va_end(rest);
}

FDTRACE_EXPORT int rcmd(char** host, unsigned short port, const char* local, const char* remote, const char* command,
                        int* errors) {
  return Connected(Row::rcmd, REAL(rcmd)(host, port, local, remote, command, errors), errors);
}
FDTRACE_EXPORT int rcmd_af(char** host, unsigned short port, const char* local, const char* remote, const char* command,
                           int* errors, sa_family_t family) {
  return Connected(Row::rcmd_af, REAL(rcmd_af)(host, port, local, remote, command, errors, family), errors);
}
FDTRACE_EXPORT int rexec(char** host, int port, const char* user, const char* password, const char* command,
                         int* errors) {
  return Connected(Row::rexec, REAL(rexec)(host, port, user, password, command, errors), errors);
}
FDTRACE_EXPORT int rexec_af(char** host, int port, const char* user, const char* password, const char* command,
                            int* errors, sa_family_t family) {
  return Connected(Row::rexec_af, REAL(rexec_af)(host, port, user, password, command, errors, family), errors);
}

FDTRACE_EXPORT int chdir(const char* path) noexcept {
  return ChangedDirectory([&] { return REAL(chdir)(path); });
}
FDTRACE_EXPORT int fchdir(int fd) noexcept {
  return ChangedDirectory([&] {
    return OrFailed(
        Row::fchdir, [&] { return REAL(fchdir)(fd); }, [&] { return Given::Used(fd); });
  });
}
