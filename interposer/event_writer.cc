#include "interposer/event_writer.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>

#include "interposer/current_mark.h"
#include "interposer/raw_syscall.h"
#include "interposer/ring_writer.h"
#include "interposer/seccomp_calls.h"
#include "interposer/text.h"
#include "interposer/wire.h"
#include "interposer/working_directory.h"

namespace fdtrace {
namespace {

// Field numbers of proto/event.proto; wire_test.cc reads the result back with libprotobuf.
enum EventField : uint32_t {
  kAtNs = 1,
  kOpened,
  kClosed,
  kThread,
  kFunction,
  kModule,
  kStack,
  kExiting,
  kClosedRange,
  kKept,
  kExecuting,
  kExecFailed,
  kSpawned,
  kVforkChild,
  kVforkEnd,
  kSent,
  kConfined,
  kUnlinked,
  kRenamed,
  kLinked,
  kMoved,
  kWritten,
  kMark,
  kFailed,
  kPythonCode = 30,
  kUnreadPython
};

constinit std::atomic<bool> g_function_sent[kRowCount] = {};

// Encodes one Event and appends it to the ring.
template <typename Body>
bool Write(const HookScope& scope, EventField kind, Body body, uint64_t at_ns = MonotonicNs()) {
  WireWriter wire(scope.event_buffer());
  wire.Varint(kAtNs, at_ns);
  wire.Message(kind, [&] { body(wire); });
  return WriteRecord(scope, wire.written());
}

void SendThread(const HookScope& scope) {
  char name[16] = {};
  if (MayCall(OurCall::kThreadName)) RawSyscall(SYS_prctl, PR_GET_NAME, reinterpret_cast<long>(name));
  fdtrace_thread.announced = Write(scope, kThread, [&](WireWriter& wire) {
    wire.Varint(1, fdtrace_thread.ring->owner.load(std::memory_order_relaxed));
    wire.Bytes(2, name, TextLength(name, sizeof name));
  });
}

}  // namespace

void WriteThreadName(const HookScope& scope, const PythonText& name) {
  fdtrace_thread.announced = Write(scope, kThread, [&](WireWriter& wire) {
    wire.Varint(1, fdtrace_thread.ring->owner.load(std::memory_order_relaxed));
    wire.Filled(2, kMaxThreadNameBytes, [&](std::span<unsigned char> room) { return name.Copy(room); });
  });
}

namespace {

void SendFunction(const HookScope& scope, Row row) {
  const auto number = static_cast<size_t>(row);
  const bool sent = Write(scope, kFunction, [&](WireWriter& wire) {
    wire.Varint(1, number);
    wire.Bytes(2, kRows[number].name(), TextLength(kRows[number].name()));
    wire.Varint(3, static_cast<uint64_t>(kRows[number].resource));
  });
  if (sent) g_function_sent[number].store(true, std::memory_order_relaxed);
}

void SendFirst(const HookScope& scope, Row row) {
  if (!fdtrace_thread.announced) [[unlikely]]
    SendThread(scope);
  if (!g_function_sent[static_cast<size_t>(row)].load(std::memory_order_relaxed)) [[unlikely]]
    SendFunction(scope, row);
}

void PutFile(WireWriter& wire, uint32_t field, const FileFacts& file) {
  wire.Message(field, [&] {
    wire.Varint(1, file.identity.device);
    wire.Varint(2, file.identity.inode);
    wire.Varint(3, file.links);
    wire.Varint(4, file.bytes);
    wire.Varint(5, file.apparent_bytes);
  });
}

void PutFilesystem(WireWriter& wire, uint32_t field, const FilesystemFacts& facts) {
  wire.Message(field, [&] {
    wire.Varint(1, facts.device);
    wire.Varint(2, facts.block_bytes);
    wire.Varint(3, facts.blocks);
    wire.Varint(4, facts.blocks_free);
    wire.Varint(5, facts.blocks_available);
    wire.Varint(6, facts.inodes);
    wire.Varint(7, facts.inodes_free);
    wire.Varint(8, facts.type);
  });
}

void PutAbsolutePath(WireWriter& wire, uint32_t field, const PathFrom& path) {
  wire.Filled(field, kMaxPathBytes,
              [&](std::span<unsigned char> room) { return AbsolutePath(path.directory, path.path, room); });
}

// What a call has made is told by its full name, while it has one. Asking for it is dear.
void PutOpenedPath(WireWriter& wire, uint32_t field, const OpenedEvent& event) {
  const bool has_name = event.created && !event.has_full_path && event.file->links != 0;
  const auto name = [&](std::span<unsigned char> room) { return NameOf(event.fd, room); };
  if (has_name && wire.Filled(field, kMaxPathBytes, name)) return;
  if (event.path == nullptr) return;
  const bool is_below = event.file && event.directory != AT_FDCWD && event.path[0] != '/';
  const auto below = [&](std::span<unsigned char> room) { return AbsolutePath(event.directory, event.path, room); };
  if (is_below && wire.Filled(field, kMaxPathBytes, below)) return;
  wire.Bytes(field, event.path, TextLength(event.path, kMaxPathBytes));
}

// The collector knows the working directory from the hello, and must be told only once it has changed.
void PutDirectory(WireWriter& wire, uint32_t field, const OpenedEvent& event) {
  const bool matters =
      event.file && !event.created && event.path != nullptr && event.path[0] != '/' && event.directory == AT_FDCWD;
  if (!matters || !TakeDirectoryChange()) return;
  wire.Filled(field, kMaxPathBytes, [](std::span<unsigned char> room) { return NameOf(AT_FDCWD, room); });
}

}  // namespace

bool WriteMark(const HookScope& scope, uint64_t key) {
  const bool told = Write(scope, kMark, [&](WireWriter& wire) {
    wire.Fixed64(1, key);
    wire.Filled(2, kMaxMarkBytes, [&](std::span<unsigned char> room) { return CopyMarkName(key, room); });
  });
  if (told) SetMarkTold(key);
  return told;
}

uint64_t MonotonicNs() {
  timespec now;
  if (MayCall(OurCall::kClock)) [[likely]] {
    clock_gettime(CLOCK_MONOTONIC, &now);  // the vDSO's: no system call, but on machines without a good clock
  } else {
    if (getauxval(AT_SYSINFO_EHDR) == 0) return 0;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // which the vDSO needs no clock for
  }
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

namespace {

// 0: no test is running.
uint64_t MarkOnceTold(const HookScope& scope) {
  const uint64_t mark = CurrentMark();
  if (mark != 0 && !IsMarkTold(mark)) [[unlikely]]
    WriteMark(scope, mark);
  return mark;
}

}  // namespace

bool WriteOpened(const HookScope& scope, const OpenedEvent& event) {
  SendFirst(scope, event.row);
  const uint64_t mark = MarkOnceTold(scope);
  return Write(scope, kOpened, [&](WireWriter& wire) {
    wire.Varint(1, event.id);
    wire.Int32(2, event.fd);
    wire.Varint(3, static_cast<uint64_t>(event.row));
    wire.Fixed64(4, event.stack);
    wire.Varint(5, event.source);
    wire.Varint(6, event.replaced);
    PutOpenedPath(wire, 7, event);
    wire.Int32(8, event.companion + 1);
    wire.Varint(9, event.overwrote);
    wire.Varint(10, event.identity.device);
    wire.Varint(11, event.identity.inode);
    if (event.file) PutFile(wire, 12, *event.file);
    wire.Varint(13, event.created);
    if (event.emptied) PutFile(wire, 14, *event.emptied);
    PutDirectory(wire, 15, event);
    wire.Fixed64(16, mark);
    if (event.created && event.absent_ns != 0) wire.Varint(17, MonotonicNs() - event.absent_ns);
  });
}

bool WriteClosed(const HookScope& scope, const ClosedEvent& event) {
  SendFirst(scope, event.row);
  return Write(scope, kClosed, [&](WireWriter& wire) {
    wire.Varint(1, event.id);
    wire.Int32(2, event.fd);
    wire.Varint(3, static_cast<uint64_t>(event.row));
    wire.Fixed64(4, event.stack);
    if (event.file) PutFile(wire, 5, *event.file);
    wire.Varint(7, event.kept_to_the_end);
  });
}

bool WriteUnlinked(const HookScope& scope, const UnlinkedEvent& event) {
  SendFirst(scope, event.row);
  return Write(scope, kUnlinked, [&](WireWriter& wire) {
    PutFile(wire, 1, event.file);
    if (event.file.links != 0) {
      PutAbsolutePath(wire, 2, event.path);
    } else {
      wire.Bytes(2, event.path.path, TextLength(event.path.path, kMaxPathBytes));
    }
    wire.Varint(3, static_cast<uint64_t>(event.row));
    wire.Fixed64(4, event.stack);
    wire.Varint(5, static_cast<uint64_t>(event.how));
  });
}

bool WriteRenamed(const HookScope& scope, const RenamedEvent& event) {
  return Write(scope, kRenamed, [&](WireWriter& wire) {
    wire.Varint(1, event.file.device);
    wire.Varint(2, event.file.inode);
    PutAbsolutePath(wire, 3, event.to);
    wire.Varint(4, event.replaced);
    if (event.from) PutAbsolutePath(wire, 5, *event.from);
  });
}

bool WriteLinked(const HookScope& scope, const LinkedEvent& event) {
  return Write(scope, kLinked, [&](WireWriter& wire) {
    PutFile(wire, 1, event.file);
    PutAbsolutePath(wire, 2, event.to);
  });
}

bool WriteMoved(const HookScope& scope, const MovedEvent& event) {
  return Write(scope, kMoved, [&](WireWriter& wire) {
    PutAbsolutePath(wire, 1, event.from);
    PutAbsolutePath(wire, 2, event.to);
    wire.Varint(3, event.exchanged);
  });
}

bool WriteClosedRange(const HookScope& scope, const ClosedRangeEvent& event) {
  SendFirst(scope, event.row);
  return Write(scope, kClosedRange, [&](WireWriter& wire) {
    wire.Varint(1, event.first);
    wire.Varint(2, event.last);
    wire.Varint(3, static_cast<uint64_t>(event.row));
    wire.Fixed64(4, event.stack);
  });
}

bool WriteFailed(const HookScope& scope, const FailedEvent& event) {
  SendFirst(scope, event.row);
  return Write(scope, kFailed, [&](WireWriter& wire) {
    wire.Int32(1, event.error);
    wire.Varint(2, static_cast<uint64_t>(event.row));
    wire.Fixed64(3, event.stack);
    wire.Bytes(4, event.path.data(), std::min(event.path.size(), kMaxPathBytes));
    wire.Int32(5, event.fd + 1);
    wire.Varint(6, event.id);
    wire.Varint(7, event.nofile_soft);
    wire.Varint(8, event.nofile_hard);
    if (event.filesystem) PutFilesystem(wire, 9, *event.filesystem);
    wire.Varint(10, event.stream_again);
    wire.Varint(11, event.sweep);
    wire.Varint(12, event.privileged);
    wire.Varint(13, event.beyond_set);
    wire.Varint(14, event.by_signal);
  });
}

bool WriteModule(const HookScope& scope, const ModuleEvent& event) {
  return Write(scope, kModule, [&](WireWriter& wire) {
    wire.Fixed64(1, event.key);
    wire.Bytes(2, event.path, TextLength(event.path));
    wire.Bytes(3, event.build_id.data(), event.build_id.size());
    wire.Varint(4, event.is_python);
  });
}

bool WritePythonCode(const HookScope& scope, const PythonCodeEvent& event) {
  constexpr size_t kMaxNameBytes = 512;
  return Write(scope, kPythonCode, [&](WireWriter& wire) {
    wire.Fixed64(1, event.key);
    wire.Filled(2, kMaxPathBytes, [&](std::span<unsigned char> room) { return event.code.File().Copy(room); });
    wire.Filled(3, kMaxNameBytes, [&](std::span<unsigned char> room) { return event.code.Name().Copy(room); });
    wire.Varint(4, event.qualified);
    wire.Varint(5, event.code.FirstLine());
  });
}

bool WriteUnreadPython(const HookScope& scope, const PythonInterpreter& python) {
  return Write(scope, kUnreadPython, [&](WireWriter& wire) {
    wire.Varint(1, static_cast<uint64_t>(python.doubt));
    wire.Bytes(2, python.version, TextLength(python.version));
  });
}

bool WriteStack(const HookScope& scope, const StackEvent& event) {
  return Write(scope, kStack, [&](WireWriter& wire) {
    wire.Fixed64(1, event.hash);
    wire.PackedFixed64(2, event.modules.size(), [&](size_t i) { return event.modules[i]; });
    wire.PackedFixed64(3, event.addresses.size(), [&](size_t i) { return event.addresses[i]; });
    wire.Varint(4, event.truncated);
  });
}

bool WriteExiting(const HookScope& scope, int status) {
  return Write(scope, kExiting, [&](WireWriter& wire) { wire.Int32(1, status); });
}

bool WriteLeftByDaemon(const HookScope& scope, uint64_t forked_ns) {
  return Write(
      scope, kExiting, [](WireWriter& wire) { wire.Varint(2, true); }, forked_ns);
}

bool WriteWritten(const HookScope& scope, int fd, uint64_t id, const FileFacts& file) {
  return Write(scope, kWritten, [&](WireWriter& wire) {
    wire.Varint(1, id);
    wire.Int32(2, fd);
    PutFile(wire, 3, file);
  });
}

bool WriteKept(const HookScope& scope, int fd, const DescriptorOrigin& origin) {
  SendFirst(scope, origin.row);
  return Write(scope, kKept, [&](WireWriter& wire) {
    wire.Int32(1, fd);
    wire.Varint(2, origin.id);
    wire.Varint(3, static_cast<uint64_t>(origin.row));
    wire.Fixed64(4, origin.stack);
  });
}

bool WriteExecuting(const HookScope& scope, const ExecutingEvent& event) {
  const uint64_t mark = MarkOnceTold(scope);
  return Write(scope, kExecuting, [&](WireWriter& wire) {
    if (event.path != nullptr) wire.Bytes(1, event.path, TextLength(event.path, kMaxPathBytes));
    wire.Varint(2, event.spawns);
    wire.Varint(3, event.uid);
    wire.Varint(4, event.gid);
    wire.Varint(5, event.no_new_privileges);
    wire.Fixed64(6, mark);
  });
}

bool WriteExecFailed(const HookScope& scope, int error) {
  return Write(scope, kExecFailed, [&](WireWriter& wire) { wire.Int32(1, error); });
}

bool WriteSpawned(const HookScope& scope, int pid) {
  return Write(scope, kSpawned, [&](WireWriter& wire) { wire.Varint(1, static_cast<uint64_t>(pid)); });
}

bool WriteVforkChild(const HookScope& scope, int pid, uint64_t stack) {
  return Write(scope, kVforkChild, [&](WireWriter& wire) {
    wire.Varint(1, static_cast<uint64_t>(pid));
    wire.Fixed64(2, stack);
  });
}

bool WriteVforkEnd(const HookScope& scope) {
  return Write(scope, kVforkEnd, [](WireWriter&) {});
}

bool WriteSent(const HookScope& scope, uint64_t at_ns, int fd, const DescriptorOrigin& origin,
               const FileIdentity& identity) {
  if (origin.id != 0) SendFirst(scope, origin.row);
  const auto body = [&](WireWriter& wire) {
    wire.Varint(1, origin.id);
    wire.Int32(2, fd);
    wire.Varint(3, static_cast<uint64_t>(origin.row));
    wire.Fixed64(4, origin.stack);
    wire.Varint(5, identity.device);
    wire.Varint(6, identity.inode);
  };
  return Write(scope, kSent, body, at_ns);
}

bool WriteConfined(const HookScope& scope, bool no_hello, bool no_stacks) {
  return Write(scope, kConfined, [&](WireWriter& wire) {
    wire.Varint(1, no_hello);
    wire.Varint(2, no_stacks);
  });
}

}  // namespace fdtrace
