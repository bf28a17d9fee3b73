#include "interposer/effects.h"

#include <fcntl.h>
#include <linux/close_range.h>

#include <atomic>

#include "interposer/event_writer.h"
#include "interposer/raw_syscall.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

uint64_t CaptureOpeningStack(const HookScope& scope) {
  const uint64_t stack = CaptureStack(scope);
  if (stack == 0) {
    scope.attachment()
        .arenas[0]
        .load(std::memory_order_relaxed)
        ->header.stackless.fetch_add(1, std::memory_order_relaxed);
  }
  return stack;
}

bool IsOpen(int fd) { return !Failed(RawSyscall(SYS_fcntl, fd, F_GETFD)); }

}  // namespace

void RecordOpened(Row row, int fd, const char* path, uint64_t source, int companion) {
  const HookScope scope;
  if (!scope.recording()) {
    TakeDescriptor(fd);  // whatever held the number before is gone
    return;
  }
  OpenedEvent event = {.id = NewLifetime(scope), .fd = fd, .row = row};
  event.replaced = PutDescriptor(fd, event.id);
  event.stack = CaptureOpeningStack(scope);
  event.source = source;
  event.path = path;
  event.companion = companion;
  WriteOpened(scope, event);
}

uint64_t RecordClosing(Row row, int fd) {
  const uint64_t lifetime = TakeDescriptor(fd);
  if (lifetime == 0) return 0;
  const HookScope scope;
  if (scope.recording()) WriteClosed(scope, {.id = lifetime, .fd = fd, .row = row, .stack = CaptureStack(scope)});
  return lifetime;
}

void RecordClosedUnknown(Row row, int fd) {
  const HookScope scope;
  if (scope.recording()) WriteClosed(scope, {.id = 0, .fd = fd, .row = row, .stack = CaptureStack(scope)});
}

void RecordOverwritten(Row row, int fd, uint64_t source) {
  const HookScope scope;
  if (!scope.recording()) {
    TakeDescriptor(fd);
    return;
  }
  OpenedEvent event = {.id = NewLifetime(scope), .fd = fd, .row = row};
  const uint64_t overwritten = PutDescriptor(fd, event.id);
  event.stack = CaptureOpeningStack(scope);
  event.source = source;
  event.overwrote = true;
  if (overwritten != 0) WriteClosed(scope, {.id = overwritten, .fd = fd, .row = row, .stack = event.stack});
  WriteOpened(scope, event);
}

int CreatedPair(Row row, int result, const int* first, const int* second) {
  if (result >= 0 && !InVforkChild()) {
    RecordOpened(row, *first, nullptr, 0, *second);
    RecordOpened(row, *second, nullptr, 0, *first);
  }
  return result;
}

void RecordClosingRange(Row row, unsigned first, unsigned last) {
  if (InVforkChild()) return;
  VisitDescriptors(first, last, [&](int fd) { RecordClosing(row, fd); });
  const HookScope scope;
  if (scope.recording())
    WriteClosedRange(scope, {.first = first, .last = last, .row = row, .stack = CaptureStack(scope)});
}

bool RangeWillClose(unsigned first, unsigned last, int flags) {
  if (first > last || (flags & CLOSE_RANGE_CLOEXEC) != 0) return false;
  return !Failed(RawSyscall(SYS_close_range, ~0u, ~0u, flags & ~CLOSE_RANGE_UNSHARE));
}

namespace {
constinit std::atomic<int> g_hidden[static_cast<size_t>(Hidden::kCount)] = {};  // 1 + the descriptor; 0: none
}  // namespace

HiddenOpening::HiddenOpening(Hidden family) : family_(family) {
  if (InVforkChild() || g_hidden[static_cast<size_t>(family)].load(std::memory_order_relaxed) != 0) return;
  candidate_ = 0;
  while (IsOpen(candidate_)) ++candidate_;
}

void HiddenOpening::Done(Row row) {
  if (candidate_ < 0 || LifetimeOf(candidate_) != 0 || !IsOpen(candidate_)) return;
  g_hidden[static_cast<size_t>(family_)].store(candidate_ + 1, std::memory_order_relaxed);
  RecordOpened(row, candidate_);
}

void HiddenClosed(Row row, Hidden family) {
  if (InVforkChild()) return;
  const int fd = g_hidden[static_cast<size_t>(family)].exchange(0, std::memory_order_relaxed) - 1;
  if (fd < 0) return;
  if (IsOpen(fd)) {
    g_hidden[static_cast<size_t>(family)].store(fd + 1, std::memory_order_relaxed);
  } else {
    RecordClosing(row, fd);
  }
}

}  // namespace fdtrace
