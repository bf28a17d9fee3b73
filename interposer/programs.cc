// Functions that run another program: in this process (exec…) or in a child that libc makes (posix_spawn, system,
// popen).
//
// Before the real call the collector is told what the program will receive, for want of CLOEXEC, and that it comes; and
// the environment that the program gets has ours in it. Nothing is allocated: the caller may be a vfork child.
#include "interposer/programs.h"

#include <alloca.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "interposer/descriptors.h"
#include "interposer/effects.h"
#include "interposer/environment.h"
#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/interposed_functions.h"
#include "interposer/raw_syscall.h"
#include "interposer/real_functions.h"
#include "interposer/seccomp.h"
#include "interposer/seccomp_calls.h"
#include "interposer/undeclared.h"

namespace fdtrace {
namespace {

constexpr char kShell[] = "/bin/sh";

// Where a seccomp filter forbids to ask, nothing is told of.
bool IsKept(int fd) {
  if (!MayCall(OurCall::kDescriptorFlags)) return false;
  const long flags = RawSyscall(SYS_fcntl, fd, F_GETFD);
  return !Failed(flags) && (flags & FD_CLOEXEC) == 0;
}

// Those that the exec closes tell nothing more.
void TellWhatWasWritten(const HookScope& scope) {
  VisitDescriptors(0, UINT32_MAX, [&](int fd) {
    const DescriptorOrigin origin = OriginOf(fd);
    if (!origin.has_file) return;
    if (const std::optional<FileFacts> file = RegularFile(fd)) WriteWritten(scope, fd, origin.id, *file);
  });
}

void Announce(const char* path, bool spawns) {
  const HookScope scope;
  if (!scope.recording()) return;
  VisitDescriptors(STDERR_FILENO + 1, UINT32_MAX, [&](int fd) {
    if (IsKept(fd)) WriteKept(scope, fd, OriginOf(fd));
  });
  if (!spawns) TellWhatWasWritten(scope);
  ExecutingEvent event = {.path = path, .spawns = spawns};
  if (HelloIsPermitted()) {
    event.uid = static_cast<unsigned>(RawSyscall(SYS_getuid));
    event.gid = static_cast<unsigned>(RawSyscall(SYS_getgid));
    event.no_new_privileges = RawSyscall(SYS_prctl, PR_GET_NO_NEW_PRIVS) == 1;
  }
  WriteExecuting(scope, event);
}

// Shells and execvp's like try one directory after the other: what is not there is no program to announce. Nor is a
// path that only the kernel may look at.
bool MayExist(const char* path) {
  return path == nullptr || !Failed(RawSyscall(SYS_faccessat, AT_FDCWD, reinterpret_cast<long>(path), F_OK));
}

template <typename Call>
int Spawned(const char* path, pid_t* child, Call call) {
  pid_t own_child = 0;  // for who does not want to know
  if (child == nullptr) child = &own_child;
  Announce(path, /*spawns=*/true);
  const int result = call(child);
  const HookScope scope(HookScope::Purpose::kIfAttached);
  if (scope.recording()) WriteSpawned(scope, result == 0 ? *child : 0);
  return result;
}

// A child whose pid is not to be known.
template <typename Call>
auto SpawnedUnnamed(Call call) {
  Announce(kShell, /*spawns=*/true);
  const auto result = call();
  const HookScope scope(HookScope::Purpose::kIfAttached);
  if (scope.recording()) WriteSpawned(scope, 0);
  return result;
}

}  // namespace

bool AnnounceExec(const char* path) {
  if (!HelloIsPermitted()) path = nullptr;  // the kernel cannot be asked whether it can be read
  if (!MayExist(path)) return false;
  Announce(path, /*spawns=*/false);
  return true;
}

void AnnounceFailure() {
  const HookScope scope(HookScope::Purpose::kIfAttached);
  if (scope.recording()) WriteExecFailed(scope, errno);
}

namespace {

// PATH: null where only a descriptor names the program.
template <typename Call>
int Executed(const char* path, Call call) {
  const bool announced = AnnounceExec(path);
  const int result = call();
  if (announced) AnnounceFailure();
  return result;
}

}  // namespace
}  // namespace fdtrace

using namespace fdtrace;  // NOLINT

#define REAL(name) Real<decltype(::name)>(Row::name)

// The words of execl… after FIRST as an array; `rest` stands behind the null that ends them.
#define GATHER_WORDS(words, first, rest)                                                 \
  size_t words##_count = 1;                                                              \
  va_start(rest, first);                                                                 \
  while (va_arg(rest, char*) != nullptr) ++words##_count;                                \
  va_end(rest);                                                                          \
  auto** const words = static_cast<char**>(alloca((words##_count + 1) * sizeof(char*))); \
  words[0] = const_cast<char*>(first);                                                   \
  va_start(rest, first);                                                                 \
  for (size_t word = 1; word <= words##_count; ++word) words[word] = va_arg(rest, char*);

FDTRACE_EXPORT int execve(const char* path, char* const* words, char* const* environment) noexcept {
  return Executed(path, [&] {
    return WithOurs(environment, [&](char* const* with_ours) { return REAL(execve)(path, words, with_ours); });
  });
}

FDTRACE_EXPORT int execv(const char* path, char* const* words) noexcept { return execve(path, words, environ); }

FDTRACE_EXPORT int execvpe(const char* name, char* const* words, char* const* environment) noexcept {
  Announce(name, /*spawns=*/false);
  const int result =
      WithOurs(environment, [&](char* const* with_ours) { return REAL(execvpe)(name, words, with_ours); });
  AnnounceFailure();
  return result;
}

FDTRACE_EXPORT int execvp(const char* name, char* const* words) noexcept { return execvpe(name, words, environ); }

FDTRACE_EXPORT int execl(const char* path, const char* first, ...) noexcept {
  va_list rest;
  GATHER_WORDS(words, first, rest)
  va_end(rest);
  return execve(path, words, environ);
}

FDTRACE_EXPORT int execlp(const char* name, const char* first, ...) noexcept {
  va_list rest;
  GATHER_WORDS(words, first, rest)
  va_end(rest);
  return execvpe(name, words, environ);
}

FDTRACE_EXPORT int execle(const char* path, const char* first, ...) noexcept {
  va_list rest;
  GATHER_WORDS(words, first, rest)
  char* const* const environment = va_arg(rest, char* const*);
  va_end(rest);
  return execve(path, words, environment);
}

FDTRACE_EXPORT int fexecve(int fd, char* const* words, char* const* environment) noexcept {
  return Executed(nullptr, [&] {
    return WithOurs(environment, [&](char* const* with_ours) { return REAL(fexecve)(fd, words, with_ours); });
  });
}

FDTRACE_EXPORT int execveat(int directory, const char* path, char* const* words, char* const* environment,
                            int flags) noexcept {
  return Executed(nullptr, [&] {
    return WithOurs(environment,
                    [&](char* const* with_ours) { return REAL(execveat)(directory, path, words, with_ours, flags); });
  });
}

FDTRACE_EXPORT int posix_spawn(pid_t* child, const char* path, const posix_spawn_file_actions_t* actions,
                               const posix_spawnattr_t* attributes, char* const* words, char* const* environment) {
  return Spawned(MayExist(path) ? path : nullptr, child, [&](pid_t* pid) {
    return WithOurs(environment, [&](char* const* with_ours) {
      return REAL(posix_spawn)(pid, path, actions, attributes, words, with_ours);
    });
  });
}

FDTRACE_EXPORT int posix_spawnp(pid_t* child, const char* name, const posix_spawn_file_actions_t* actions,
                                const posix_spawnattr_t* attributes, char* const* words, char* const* environment) {
  return Spawned(name, child, [&](pid_t* pid) {
    return WithOurs(environment, [&](char* const* with_ours) {
      return REAL(posix_spawnp)(pid, name, actions, attributes, words, with_ours);
    });
  });
}

FDTRACE_EXPORT int system(const char* command) {
  if (command == nullptr) return REAL(system)(command);
  return SpawnedUnnamed([&] { return REAL(system)(command); });
}

FDTRACE_EXPORT FILE* popen(const char* command, const char* mode) {
  FILE* const stream = SpawnedUnnamed([&] { return REAL(popen)(command, mode); });
  return CreatedStream(Row::popen, stream, command, StreamDescriptor);
}
FDTRACE_EXPORT FILE* _IO_popen(const char* command, const char* mode) {
  FILE* const stream = SpawnedUnnamed([&] { return REAL(_IO_popen)(command, mode); });
  return CreatedStream(Row::_IO_popen, stream, command, StreamDescriptor);
}
FDTRACE_EXPORT FILE* _IO_proc_open(FILE* stream, const char* command, const char* mode) {
  FILE* const opened = SpawnedUnnamed([&] { return REAL(_IO_proc_open)(stream, command, mode); });
  return CreatedStream(Row::_IO_proc_open, opened, command, StreamDescriptor);
}
