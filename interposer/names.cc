#include "interposer/names.h"

#include <stdio.h>

#include "interposer/event_writer.h"
#include "interposer/hook_scope.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

void WriteUnlinkedNow(const HookScope& scope, Row row, FileFacts file, const char* path, UnlinkedHow how) {
  if (file.links != 0) --file.links;
  WriteUnlinked(scope, {.file = file, .path = path, .row = row, .stack = CaptureStack(scope), .how = how});
}

}  // namespace

std::optional<FileFacts> FileNamed(int directory, const char* path) {
  if (path == nullptr) return {};
  const HookScope scope;
  if (!scope.recording()) return {};
  return RegularFileAt(directory, path);
}

void RecordUnlinked(Row row, const FileFacts& before, const char* path) {
  const HookScope scope;
  if (scope.recording()) WriteUnlinkedNow(scope, row, before, path, UnlinkedHow::kUnlink);
}

RenamedFiles::RenamedFiles(const Renaming& renaming) : renaming_(renaming) {
  moved_ = FileNamed(renaming.from_directory, renaming.from);
  if ((renaming.flags & RENAME_NOREPLACE) == 0) at_target_ = FileNamed(renaming.to_directory, renaming.to);
}

void RenamedFiles::Record(Row row) const {
  const HookScope scope;
  if (!scope.recording()) return;
  // Of two names of one file, rename(2) removes neither.
  if (moved_ && at_target_ && moved_->identity == at_target_->identity) return;
  const auto& [from_directory, from, to_directory, to, flags] = renaming_;
  const bool exchanged = (flags & RENAME_EXCHANGE) != 0;
  if (at_target_ && !exchanged) WriteUnlinkedNow(scope, row, *at_target_, to, UnlinkedHow::kRename);
  const bool replaced = at_target_.has_value() && !exchanged;
  if (moved_) {
    WriteRenamed(scope, {.file = moved_->identity, .directory = to_directory, .path = to, .replaced = replaced});
  }
  if (at_target_ && exchanged) {
    WriteRenamed(scope, {.file = at_target_->identity, .directory = from_directory, .path = from});
  }
}

}  // namespace fdtrace
