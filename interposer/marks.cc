// What programs may call of ours: integrations/fdtrace.h tells of it. Safe in signal handlers and after fork.
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdint>

#include "interposer/attachment.h"
#include "interposer/current_mark.h"
#include "interposer/descriptors.h"
#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/interposed_functions.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
#include "proto/session.h"

namespace fdtrace {
namespace {

// The table does not know of closes that nobody saw.
bool MayBeOpen(int fd) { return !MayCall(OurCall::kDescriptorFlags) || !Failed(RawSyscall(SYS_fcntl, fd, F_GETFD)); }

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

// A vfork child's memory is its parent's, whose test goes on.
FDTRACE_EXPORT uint64_t fdtrace_mark(const char* name) {
  if (InVforkChild()) return 0;
  SetCurrentMark(name);
  const HookScope scope;
  if (!scope.recording()) return 0;
  if (const uint64_t mark = CurrentMark(); mark != 0) WriteMark(scope, mark);
  return scope.attachment().lifetimes.load(std::memory_order_acquire);
}

FDTRACE_EXPORT int fdtrace_still_open(uint64_t from, uint64_t to) {
  const Attachment* const attachment = InVforkChild() ? nullptr : AttachedAlready();
  if (attachment == nullptr) return 0;
  const uint64_t serial = attachment->serial.load(std::memory_order_relaxed);
  int count = 0;
  VisitDescriptors(STDERR_FILENO + 1, UINT32_MAX, [&](int fd) {
    const uint64_t id = LifetimeOf(fd);
    const uint64_t position = id & ((uint64_t{1} << kLifetimeCountBits) - 1);
    const bool is_between = id >> kLifetimeCountBits == serial && from < position && position <= to;
    if (is_between && count < INT_MAX && MayBeOpen(fd)) ++count;
  });
  return count;
}
