// What the rows do that take names away from files or give them others. A file is looked at before the real call: there
// is nothing to look at afterwards. Only regular files are told of, and directories that get another name, for that is
// another name for every file below. Safe in signal handlers, after fork and in a vfork child.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <optional>

#include "interposer/event_writer.h"
#include "interposer/failures.h"
#include "interposer/file_facts.h"
#include "interposer/rows.h"

namespace fdtrace {

class UnlinkedFile {
 public:
  explicit UnlinkedFile(const PathFrom& name);  // before the real call; a null path is not looked at
  void Record(Row row) const;                   // after it, if it succeeded

 private:
  PathFrom name_;
  std::optional<FileFacts> file_;
};

// `call` returns 0 if the name is gone.
template <typename Call>
auto Unlinked(Row row, int directory, const char* path, Call call) {
  const UnlinkedFile file({directory, path});
  const auto result = call();
  if (result == 0) {
    file.Record(row);
  } else {
    RecordFailure(row, errno, Given::NewPath(path, directory));
  }
  return result;
}

struct Renaming {
  Renaming(int from_at, const char* from_path, int to_at, const char* to_path, unsigned how = 0)
      : from_directory(from_at), from(from_path), to_directory(to_at), to(to_path), flags(how) {}

  int from_directory;
  const char* from;
  int to_directory;
  const char* to;
  unsigned flags;  // of renameat2

  Given Asked() const {
    return {.other = from_directory, .path = to, .directory = to_directory, .room = Given::Room::kOfPath};
  }
};

class RenamedFiles {
 public:
  explicit RenamedFiles(const Renaming& renaming);  // before the real call
  void Record(Row row) const;                       // after it, if it succeeded

 private:
  PathFrom from_;
  PathFrom to_;
  bool exchanges_;
  NamedThing moved_;
  NamedThing at_target_;
};

template <typename Call>
auto Renamed(Row row, const Renaming& renaming, Call call) {
  const RenamedFiles files(renaming);
  const auto result = call();
  if (result == 0) {
    files.Record(row);
  } else {
    RecordFailure(row, errno, renaming.Asked());
  }
  return result;
}

struct Linking {
  Linking(int from_at, const char* from_path, int to_at, const char* to_path, int how = 0)
      : from_directory(from_at), from(from_path), to_directory(to_at), to(to_path), flags(how) {}

  int from_directory;
  const char* from;
  int to_directory;
  const char* to;
  int flags;  // of linkat

  Given Asked() const {
    return {.other = from_directory, .path = to, .directory = to_directory, .room = Given::Room::kOfPath};
  }
};

class LinkedFile {
 public:
  explicit LinkedFile(const Linking& linking);  // before the real call
  void Record() const;                          // after it, if it succeeded

 private:
  PathFrom to_;
  std::optional<FileFacts> file_;
};

template <typename Call>
auto Linked(Row row, const Linking& linking, Call call) {
  const LinkedFile file(linking);
  const auto result = call();
  if (result == 0) {
    file.Record();
  } else {
    RecordFailure(row, errno, linking.Asked());
  }
  return result;
}

}  // namespace fdtrace
