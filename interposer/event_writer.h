// The messages of proto/event.proto, encoded into this thread's ring. What is sent once per process (functions) or per
// ring (its thread) is sent here before the first event that needs it. Safe in signal handlers and after fork.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "interposer/descriptor_table.h"
#include "interposer/file_facts.h"
#include "interposer/filesystem_facts.h"
#include "interposer/hook_scope.h"
#include "interposer/python_code_object.h"
#include "interposer/rows.h"

namespace fdtrace {

struct OpenedEvent {
  uint64_t id = 0;
  int fd = -1;
  Row row = {};
  uint64_t stack = 0;
  uint64_t source = 0;
  uint64_t replaced = 0;
  const char* path = nullptr;
  int directory = AT_FDCWD;  // that the path is relative to
  int companion = -1;
  bool overwrote = false;
  FileIdentity identity = {};
  std::optional<FileFacts> file = {};
  std::optional<FileFacts> emptied = {};  // as the file was before the call
  bool created = false;
  bool has_full_path = false;
  uint64_t absent_ns = 0;  // created: when the file was not there yet; 0: not known
};

struct ClosedEvent {
  uint64_t id;
  int fd;
  Row row;
  uint64_t stack = 0;
  std::optional<FileFacts> file = {};
  bool kept_to_the_end = false;
};

// As Unlinked::How in proto/event.proto.
enum class UnlinkedHow : uint8_t { kUnlink, kRename };

// A path as passed, and the directory that it is relative to.
struct PathFrom {
  int directory;
  const char* path;
};

struct UnlinkedEvent {
  FileFacts file;
  PathFrom path;
  Row row;
  uint64_t stack = 0;
  UnlinkedHow how = UnlinkedHow::kUnlink;
};

struct RenamedEvent {
  FileIdentity file;
  PathFrom to;
  bool replaced = false;
  std::optional<PathFrom> from = {};  // where the file has other names
};

struct LinkedEvent {
  FileFacts file;
  PathFrom to;
};

struct MovedEvent {
  PathFrom from;
  PathFrom to;
  bool exchanged = false;
};

struct ClosedRangeEvent {
  unsigned first;
  unsigned last;
  Row row;
  uint64_t stack = 0;
};

struct ExecutingEvent {
  const char* path = nullptr;
  bool spawns = false;
  unsigned uid = 0;
  unsigned gid = 0;
  bool no_new_privileges = false;
};

struct FailedEvent {
  int error = 0;  // errno
  Row row = {};
  uint64_t stack = 0;
  std::span<const char> path = {};  // as passed, without a '\0'
  int fd = -1;
  uint64_t id = 0;
  uint64_t nofile_soft = 0;
  uint64_t nofile_hard = 0;
  std::optional<FilesystemFacts> filesystem = {};
  bool stream_again = false;
  bool sweep = false;
  bool privileged = false;
  bool beyond_set = false;
  bool by_signal = false;
};

struct ModuleEvent {
  uint64_t key;
  const char* path;
  std::span<const unsigned char> build_id;
  bool is_python = false;
};

// The code object of the frame.
struct PythonCodeEvent {
  uint64_t key;
  const CodeObject& code;
  bool qualified;
};

struct StackEvent {
  uint64_t hash;
  std::span<const uint64_t> modules;
  std::span<const uint64_t> addresses;
  bool truncated;
};

// False: dropped and counted.
bool WriteOpened(const HookScope& scope, const OpenedEvent& event);
bool WriteClosed(const HookScope& scope, const ClosedEvent& event);
bool WriteUnlinked(const HookScope& scope, const UnlinkedEvent& event);
bool WriteRenamed(const HookScope& scope, const RenamedEvent& event);
bool WriteLinked(const HookScope& scope, const LinkedEvent& event);
bool WriteMoved(const HookScope& scope, const MovedEvent& event);
bool WriteClosedRange(const HookScope& scope, const ClosedRangeEvent& event);
bool WriteFailed(const HookScope& scope, const FailedEvent& event);
bool WriteModule(const HookScope& scope, const ModuleEvent& event);
// The name of the calling thread, better than the kernel's.
void WriteThreadName(const HookScope& scope, const PythonText& name);
bool WritePythonCode(const HookScope& scope, const PythonCodeEvent& event);
bool WriteUnreadPython(const HookScope& scope, const PythonInterpreter& python);
bool WriteStack(const HookScope& scope, const StackEvent& event);
// What the key of the current test means. Openings and executions that name a key tell it by themselves, once.
bool WriteMark(const HookScope& scope, uint64_t key);
bool WriteExiting(const HookScope& scope, int status);
bool WriteLeftByDaemon(const HookScope& scope, uint64_t forked_ns);  // daemon(3) has forked, and this is the parent
bool WriteWritten(const HookScope& scope, int fd, uint64_t id, const FileFacts& file);
bool WriteKept(const HookScope& scope, int fd, const DescriptorOrigin& origin);
bool WriteExecuting(const HookScope& scope, const ExecutingEvent& event);
bool WriteExecFailed(const HookScope& scope, int error);
bool WriteSpawned(const HookScope& scope, int pid);
bool WriteVforkChild(const HookScope& scope, int pid, uint64_t stack);
bool WriteVforkEnd(const HookScope& scope);
bool WriteSent(const HookScope& scope, uint64_t at_ns, int fd, const DescriptorOrigin& origin,
               const FileIdentity& identity);
bool WriteConfined(const HookScope& scope, bool no_hello, bool no_stacks);

// What events are dated by.
uint64_t MonotonicNs();

}  // namespace fdtrace
