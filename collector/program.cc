// Follows execvp(3) in finding and execve(2) in starting; see also ld.so(8) for what makes the loader ignore
// LD_PRELOAD.
#include "collector/program.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "collector/elf_file.h"
#include "collector/owned_fd.h"

namespace fdtrace {
namespace {

constexpr int kScriptsInARow = 5;         // the kernel gives up with ELOOP beyond
constexpr size_t kScriptLineBytes = 256;  // BINPRM_BUF_SIZE: what the kernel reads of "#!…"

// 0, else the errno that execve(2) would give, or EISDIR, which says more than its EACCES.
int CannotExecute(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return errno;
  if (S_ISDIR(file.st_mode)) return EISDIR;
  if (!S_ISREG(file.st_mode)) return EACCES;
  return faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

absl::Status NotExecutable(const std::string& name, int error) {
  const std::string message = absl::StrCat("cannot run ", name, ": ", strerror(error));
  const bool missing = error == ENOENT || error == ENOTDIR;
  return missing ? absl::NotFoundError(message) : absl::PermissionDeniedError(message);
}

std::string ReadStart(int descriptor) {
  std::string start(kScriptLineBytes, '\0');
  const ssize_t bytes = pread(descriptor, start.data(), start.size(), 0);
  start.resize(bytes < 0 ? 0 : static_cast<size_t>(bytes));
  return start;
}

// Invalid where there is none that could be run. A pipe or a device is no program, and opening it might wait for ever.
OwnedFd OpenProgramFile(const std::string& path) {
  OwnedFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  return file.valid() && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) ? std::move(file) : OwnedFd();
}

// The interpreter named after "#!".
std::string InterpreterOf(absl::string_view start) {
  start.remove_prefix(2);
  start = start.substr(0, start.find('\n'));
  const size_t begin = start.find_first_not_of(" \t");
  if (begin == absl::string_view::npos) return "";
  start.remove_prefix(begin);
  return std::string(start.substr(0, start.find_first_of(" \t")));
}

// As shells tell a script from a binary of an unknown format: no NUL in the first line, nor a damaged ELF file.
bool LooksLikeText(absl::string_view start) {
  return !absl::StartsWith(start, ELFMAG) && start.substr(0, start.find('\n')).find('\0') == absl::string_view::npos;
}

// The kernel's AT_SECURE (security/commoncap.c): the loader of such a process takes no LD_PRELOAD from its caller.
bool RaisesPrivileges(int descriptor, const Caller& caller) {
  struct stat file;
  struct statvfs filesystem;
  if (caller.no_new_privileges || fstat(descriptor, &file) != 0) return false;
  if (fstatvfs(descriptor, &filesystem) == 0 && (filesystem.f_flag & ST_NOSUID) != 0) return false;
  if ((file.st_mode & S_ISUID) != 0 && file.st_uid != caller.uid) return true;
  // Without the group's execute bit, set-group-ID once meant mandatory locking, and means nothing here.
  if ((file.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && file.st_gid != caller.gid) return true;
  return caller.uid != 0 && fgetxattr(descriptor, "security.capability", nullptr, 0) > 0;
}

bool IsGlibcLoader(const std::string& path) {
  const absl::string_view name = absl::string_view(path).substr(path.rfind('/') + 1);
  return absl::StartsWith(name, "ld-linux") || absl::StartsWith(name, "ld64.so") || absl::StartsWith(name, "ld-2.");
}

void Classify(const std::string& path, const ElfFile& file, Program& program) {
  const auto untraced = [&](ProgramKind kind, auto... why) {
    program.kind = kind;
    program.untraced_reason = absl::StrCat(path, why...);
  };
  if (!file.this_machine) {
    untraced(ProgramKind::kOtherMachine, " is built for another processor or word size than fdtrace's library");
  } else if (!file.interpreter) {
    // The loader itself, run as a program, is a shared object without an interpreter, and does load libraries.
    if (file.is_shared_object && IsGlibcLoader(path)) {
      program.kind = ProgramKind::kDynamic;
    } else {
      untraced(ProgramKind::kStatic, " is statically linked, so no library can be loaded into it");
    }
  } else if (!IsGlibcLoader(*file.interpreter)) {
    untraced(ProgramKind::kOtherLibc, " uses the C library of ", *file.interpreter,
             ", and fdtrace's library needs the GNU C library");
  } else {
    program.kind = ProgramKind::kDynamic;
  }
}

}  // namespace

Caller Caller::Current() {
  return {.uid = getuid(), .gid = getgid(), .no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1};
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const char* path) {
  if (name.empty()) return absl::NotFoundError("cannot run a program with an empty name");
  if (absl::StrContains(name, '/')) {
    const int error = CannotExecute(name);
    if (error != 0) return NotExecutable(name, error);
    return name;
  }
  int refused = 0;
  for (const absl::string_view directory : absl::StrSplit(path != nullptr ? path : "/bin:/usr/bin", ':')) {
    const std::string candidate = directory.empty() ? absl::StrCat("./", name) : absl::StrCat(directory, "/", name);
    const int error = CannotExecute(candidate);
    if (error == 0) return candidate;
    if (error == EACCES) refused = error;  // a later one may do
  }
  if (refused != 0) return NotExecutable(name, refused);
  return absl::NotFoundError(absl::StrCat("cannot run ", name, ": not found along PATH"));
}

Program InspectProgram(const std::string& path, const Caller& caller) {
  Program program;
  program.path = path;
  std::string started = path;
  for (int scripts = 0; scripts <= kScriptsInARow; ++scripts) {
    const OwnedFd file = OpenProgramFile(started);
    if (!file.valid()) return program;  // executable without being readable
    const std::string start = ReadStart(file.get());
    if (!absl::StartsWith(start, "#!")) {
      const std::optional<ElfFile> elf = ReadElfFile(file.get());
      if (elf) Classify(started, *elf, program);
      // The kernel does not look at these bits of a script, only at those of its interpreter.
      if (elf && RaisesPrivileges(file.get(), caller) && program.untraced_reason.empty()) {
        program.kind = ProgramKind::kPrivileged;
        program.untraced_reason = absl::StrCat(
            started, " runs with more privileges than its caller (set-user-ID, set-group-ID or file capabilities), ",
            "so the loader ignores LD_PRELOAD");
      }
      if (!elf && scripts == 0 && LooksLikeText(start)) {
        program.shell_text = true;
        started = "/bin/sh";
        continue;
      }
      return program;
    }
    started = InterpreterOf(start);
  }
  return program;
}

}  // namespace fdtrace
