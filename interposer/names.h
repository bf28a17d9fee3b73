// What the rows do that take names away from files or give them others. A file is looked at before the real call: there
// is nothing to look at afterwards. Only regular files are told of. Safe in signal handlers, after fork and in a vfork
// child.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <optional>

#include "interposer/file_facts.h"
#include "interposer/rows.h"

namespace fdtrace {

// Before the real call. None as well where nothing can be recorded.
std::optional<FileFacts> FileNamed(int directory, const char* path);
// After it.
void RecordUnlinked(Row row, const FileFacts& before, const char* path);

// `call` returns 0 if the name is gone. A null path is not looked at.
template <typename Call>
auto Unlinked(Row row, int directory, const char* path, Call call) {
  const std::optional<FileFacts> file = FileNamed(directory, path);
  const auto result = call();
  if (result == 0 && file) RecordUnlinked(row, *file, path);
  return result;
}

struct Renaming {
  int from_directory;
  const char* from;
  int to_directory;
  const char* to;
  unsigned flags = 0;  // of renameat2
};

class RenamedFiles {
 public:
  explicit RenamedFiles(const Renaming& renaming);  // before the real call
  void Record(Row row) const;                       // after it, if it succeeded

 private:
  Renaming renaming_;
  std::optional<FileFacts> moved_;
  std::optional<FileFacts> at_target_;
};

template <typename Call>
auto Renamed(Row row, const Renaming& renaming, Call call) {
  const RenamedFiles files(renaming);
  const auto result = call();
  if (result == 0) files.Record(row);
  return result;
}

}  // namespace fdtrace
