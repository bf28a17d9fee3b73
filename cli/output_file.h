// A file that appears whole or not at all: written to a temporary beside it, then renamed over it.
//
// A name that stands for something other than a regular file (a device, a pipe, /dev/stdout) is written to directly. A
// symbolic link stays one: the file it points at is replaced.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fdtrace {

// Whether PATH could be written now. Leaves nothing behind and changes nothing that is there.
absl::Status CheckWritable(const std::string& path);

// Who may read a file: those that its author's umask lets read any other, or that the one it replaces did; or its owner
// alone, whatever it replaces.
enum class Readers { kAsUsual, kOwner };

// Lets WRITE fill the file whose path it is given, then puts that file in PATH's place. When WRITE fails, its error is
// returned, and what stood at PATH is still there.
absl::Status WriteWhole(const std::string& path, Readers readers,
                        const std::function<absl::Status(const std::string& path)>& write);

// The same, for bytes that may be read as usual.
absl::Status WriteWhole(const std::string& path, absl::string_view bytes);

// To descriptor 1, all of it.
absl::Status WriteToStdout(absl::string_view bytes);

// The base name of PROGRAM_PATH, cut, letters that shells or people stumble over replaced.
std::string NameForFile(absl::string_view program_path);

// "fdtrace.PROGRAM.PID.fdt" for the program at PROGRAM_PATH, by that name.
std::string DefaultTraceName(absl::string_view program_path, int pid);

// Whether PATH is missing, or an ordinary file: a pipe or device can be written, but not read again.
bool IsRegularOrMissing(const std::string& path);

// Whether both names lead to the same file, existing or not.
bool SameFile(const std::string& one, const std::string& other);

}  // namespace fdtrace
