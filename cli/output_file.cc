// The temporary lies in the directory of the file itself: rename(2) is atomic within one filesystem only.
#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "collector/owned_fd.h"

namespace fdtrace {
namespace {

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", strerror(error)));
}

// Follows PATH's own symbolic links, the last of which may dangle.
std::string Followed(std::string path) {
  for (int links = 0; links < 40; ++links) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path.c_str(), target, sizeof(target));
    if (length <= 0 || length == sizeof(target)) break;
    const absl::string_view name(target, static_cast<size_t>(length));
    const size_t slash = path.rfind('/');
    path = name[0] == '/' || slash == path.npos ? std::string(name) : absl::StrCat(path.substr(0, slash + 1), name);
  }
  return path;
}

// mkostemp(3) makes files private; a report is as readable as any other file of its author, or as the one it replaces.
mode_t ModeFor(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) == 0) return file.st_mode & 07777;
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

// An empty file beside PATH, open, its name in NAME. Private until it is known to be meant for others.
OwnedFd MakeTemporary(const std::string& path, Readers readers, std::string& name) {
  name = absl::StrCat(path, ".XXXXXX");
  OwnedFd file(mkostemp(name.data(), O_CLOEXEC));
  if (file.valid() && readers == Readers::kAsUsual) fchmod(file.get(), ModeFor(path));
  return file;
}

// 0, else errno.
int WriteBytes(const std::string& path, absl::string_view bytes) {
  const OwnedFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid()) return errno;
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

}  // namespace

bool IsRegularOrMissing(const std::string& path) {
  struct stat file;
  return stat(path.c_str(), &file) != 0 || S_ISREG(file.st_mode);
}

absl::Status CheckWritable(const std::string& path) {
  const std::string file = Followed(path);
  if (!IsRegularOrMissing(file)) {
    // Opening a pipe would wait for its reader, and opening a terminal or device may do more than open it.
    struct stat status;
    if (stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return CannotWrite(path, EISDIR);
    return faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0 ? absl::OkStatus() : CannotWrite(path, errno);
  }
  std::string temporary;
  if (!MakeTemporary(file, Readers::kOwner, temporary).valid()) return CannotWrite(path, errno);
  unlink(temporary.c_str());
  return absl::OkStatus();
}

absl::Status WriteWhole(const std::string& path, Readers readers,
                        const std::function<absl::Status(const std::string& path)>& write) {
  const std::string file = Followed(path);
  if (!IsRegularOrMissing(file)) return write(path);
  std::string temporary;
  if (!MakeTemporary(file, readers, temporary).valid()) return CannotWrite(path, errno);
  absl::Status status = write(temporary);
  if (status.ok() && rename(temporary.c_str(), file.c_str()) != 0) status = CannotWrite(path, errno);
  if (status.ok()) return status;
  unlink(temporary.c_str());
  // The user knows PATH, not the temporary.
  return absl::Status(status.code(), absl::StrReplaceAll(status.message(), {{temporary, path}}));
}

absl::Status WriteWhole(const std::string& path, absl::string_view bytes) {
  return WriteWhole(path, Readers::kAsUsual, [&](const std::string& file) {
    const int error = WriteBytes(file, bytes);
    return error == 0 ? absl::OkStatus() : CannotWrite(file, error);
  });
}

absl::Status WriteToStdout(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::UnavailableError(absl::StrCat("cannot write to stdout: ", strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

std::string NameForFile(absl::string_view program_path) {
  std::string name(program_path.substr(program_path.rfind('/') + 1));
  for (char& letter : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && !strchr("._+-", letter)) letter = '_';
  }
  return name.substr(0, 100);  // NAME_MAX is 255
}

std::string DefaultTraceName(absl::string_view program_path, int pid) {
  return absl::StrCat("fdtrace.", NameForFile(program_path), ".", pid, ".fdt");
}

bool SameFile(const std::string& one, const std::string& other) {
  const std::string a = Followed(one), b = Followed(other);
  struct stat first, second;
  if (stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0) {
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
  }
  const auto directory = [](const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == path.npos ? std::string(".") : path.substr(0, slash + 1);
  };
  const auto base = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  return base(a) == base(b) && stat(directory(a).c_str(), &first) == 0 && stat(directory(b).c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace fdtrace
