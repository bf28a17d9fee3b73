// Effects that depend on an argument's value, shared by the functions and by syscall(): see custom_functions.cc.
#pragma once

#include "interposer/rows.h"

struct msghdr;
struct mmsghdr;

namespace fdtrace {

// Does ioctl(fd, request) return a new descriptor?
bool IoctlCreates(unsigned long request);

// Does bpf(command) return a new descriptor?
bool BpfCommandCreates(long command);

// Records the descriptors that came with a message (SCM_RIGHTS, SCM_PIDFD).
void Received(Row row, const msghdr& message);
void Received(Row row, const mmsghdr* messages, int count);

// Records the descriptors that went with a message, by a call that began at that time.
void Sent(const msghdr& message, uint64_t began_ns);
void Sent(const mmsghdr* messages, int count, uint64_t began_ns);

}  // namespace fdtrace
