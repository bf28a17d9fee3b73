#include "interposer/effects.h"

#include <fcntl.h>
#include <linux/close_range.h>

#include <atomic>

#include "interposer/event_writer.h"
#include "interposer/processes.h"
#include "interposer/python_interpreter.h"
#include "interposer/raw_syscall.h"
#include "interposer/seccomp_calls.h"
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

bool IsOpen(int fd) { return MayCall(OurCall::kDescriptorFlags) && !Failed(RawSyscall(SYS_fcntl, fd, F_GETFD)); }

// What of a file a descriptor tells, at its opening and at its close.
enum class Tells { kNothing, kState, kStateAtClose };

void RecordNew(Row row, int fd, OpenedEvent event, Tells tells = Tells::kNothing) {
  const HookScope scope;
  if (!scope.recording()) {
    TakeDescriptor(fd);  // whatever held the number before is gone
    return;
  }
  event.id = NewLifetime(scope);
  event.fd = fd;
  event.row = row;
  if (tells == Tells::kState) event.file = RegularFile(fd);
  event.created = event.created && event.file;
  const bool has_file = event.file.has_value() || tells == Tells::kStateAtClose;
  event.replaced = PutDescriptor(fd, {.id = event.id, .row = row, .has_file = has_file});
  event.stack = CaptureOpeningStack(scope);
  SetDescriptorStack(fd, event.id, event.stack);
  if (has_file || event.identity.inode != 0) scope.attachment().last_look.Want();
  WriteOpened(scope, event);
}

}  // namespace

void RecordOpenedFile(Row row, int fd, const Opening& opening, const Opening::Outlook& outlook) {
  const bool created = outlook.creates;
  RecordNew(row, fd,
            {.path = opening.path(),
             .directory = opening.directory(),
             .emptied = outlook.empties,
             .created = created,
             .has_full_path = created && opening.HasFullPath(),
             .absent_ns = outlook.absent_ns},
            opening.MayWrite() || created ? Tells::kState : Tells::kNothing);
}

void RecordOpened(Row row, int fd, const char* path, int companion) {
  RecordNew(row, fd, {.path = path, .companion = companion});
}

// The source has told of the file; whichever is closed last, its end says how large it is then.
void RecordCopied(Row row, int fd, const DescriptorOrigin& source) {
  RecordNew(row, fd, {.source = source.id}, source.has_file ? Tells::kStateAtClose : Tells::kNothing);
}

void RecordReceived(Row row, int fd) { RecordNew(row, fd, {.identity = IdentityOf(fd)}); }

void RecordSent(int fd, uint64_t began_ns) {
  const HookScope scope;
  if (!scope.recording()) return;
  scope.attachment().last_look.Want();
  WriteSent(scope, began_ns, fd, OriginOf(fd), IdentityOf(fd));
}

uint64_t RecordClosing(Row row, int fd, const FILE* stream) {
  const bool kept_to_the_end = PythonIsEnding() && LifetimeOf(fd) != 0;
  if (kept_to_the_end) LetCollectorLook();
  const DescriptorOrigin ending = TakeDescriptor(fd);
  if (ending.id == 0) return 0;
  const HookScope scope;
  if (!scope.recording()) return ending.id;
  ClosedEvent event = {
      .id = ending.id, .fd = fd, .row = row, .stack = CaptureStack(scope), .kept_to_the_end = kept_to_the_end};
  if (ending.has_file) event.file = RegularFile(fd);
  if (event.file && stream != nullptr)
    event.file->apparent_bytes = SizeOnceWritten(*stream, event.file->apparent_bytes);
  WriteClosed(scope, event);
  return ending.id;
}

void RecordClosedUnknown(Row row, int fd) {
  const HookScope scope;
  if (!scope.recording()) return;
  scope.attachment().last_look.Closed(fd);
  WriteClosed(scope, {.id = 0, .fd = fd, .row = row, .stack = CaptureStack(scope)});
}

void RecordOutcomeOfClose(Row row, int fd, uint64_t lifetime, int error, const FilesystemFacts* filesystem) {
  if (error == 0) {
    if (lifetime == 0) RecordClosedUnknown(row, fd);
    fdtrace_thread.series.Open(row, fd);
  } else if (error != EBADF) {
    RecordFailure(row, error, {.fd = fd, .room = Given::Room::kNone, .filesystem = filesystem, .id = lifetime});
  } else if (lifetime == 0) {
    RecordClosedTwice(row, fd);
  }
}

std::optional<FileFacts> FileToBeOverwritten(int fd) {
  if (!OriginOf(fd).has_file) return {};
  return RegularFile(fd);
}

void RecordOverwritten(Row row, int fd, const DescriptorOrigin& source, const std::optional<FileFacts>& file) {
  const HookScope scope;
  if (!scope.recording()) {
    TakeDescriptor(fd);
    return;
  }
  OpenedEvent event = {.id = NewLifetime(scope), .fd = fd, .row = row};
  const uint64_t overwritten = PutDescriptor(fd, {.id = event.id, .row = row, .has_file = source.has_file});
  event.stack = CaptureOpeningStack(scope);
  SetDescriptorStack(fd, event.id, event.stack);
  event.source = source.id;
  event.overwrote = true;
  scope.attachment().last_look.Closed(fd);
  if (overwritten != 0)
    WriteClosed(scope, {.id = overwritten, .fd = fd, .row = row, .stack = event.stack, .file = file});
  WriteOpened(scope, event);
}

int CreatedPair(Row row, int result, int* first, int* second) {
  if (result >= 0) {
    *first = Late(*first);
    *second = Late(*second);
    RecordOpened(row, *first, nullptr, *second);
    RecordOpened(row, *second, nullptr, *first);
  } else {
    RecordFailure(row, errno, {});
  }
  return result;
}

void RecordClosingRange(Row row, unsigned first, unsigned last) {
  VisitDescriptors(first, last, [&](int fd) { RecordClosing(row, fd); });
  const HookScope scope;
  if (!scope.recording()) return;
  scope.attachment().last_look.Closed(first, last);
  WriteClosedRange(scope, {.first = first, .last = last, .row = row, .stack = CaptureStack(scope)});
}

bool RangeWillClose(unsigned first, unsigned last, int flags) {
  if (first > last || (flags & CLOSE_RANGE_CLOEXEC) != 0) return false;
  return MayCall(OurCall::kCloseRange) && !Failed(RawSyscall(SYS_close_range, ~0u, ~0u, flags & ~CLOSE_RANGE_UNSHARE));
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
