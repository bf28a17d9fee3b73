#include "interposer/names.h"

#include <stdio.h>

#include "interposer/hook_scope.h"
#include "interposer/stacks.h"

namespace fdtrace {
namespace {

void WriteUnlinkedNow(const HookScope& scope, Row row, FileFacts file, const PathFrom& path, UnlinkedHow how) {
  if (file.links != 0) --file.links;
  scope.attachment().last_look.Want();
  WriteUnlinked(scope, {.file = file, .path = path, .row = row, .stack = CaptureStack(scope), .how = how});
}

void WriteRenamedNow(const HookScope& scope, const FileFacts& file, const PathFrom& from, const PathFrom& to,
                     bool replaced = false) {
  RenamedEvent event = {.file = file.identity, .to = to, .replaced = replaced};
  if (file.links > 1) event.from = from;
  WriteRenamed(scope, event);
}

NamedThing LookAt(const PathFrom& name) {
  const HookScope scope;
  if (!scope.recording()) return {};
  return ThingAt(name.directory, name.path);
}

}  // namespace

UnlinkedFile::UnlinkedFile(const PathFrom& name) : name_(name) {
  if (name.path != nullptr) file_ = LookAt(name).regular;
}

void UnlinkedFile::Record(Row row) const {
  if (!file_) return;
  const HookScope scope;
  if (scope.recording()) WriteUnlinkedNow(scope, row, *file_, name_, UnlinkedHow::kUnlink);
}

RenamedFiles::RenamedFiles(const Renaming& renaming)
    : from_{renaming.from_directory, renaming.from},
      to_{renaming.to_directory, renaming.to},
      exchanges_((renaming.flags & RENAME_EXCHANGE) != 0),
      moved_(LookAt(from_)) {
  if ((renaming.flags & RENAME_NOREPLACE) == 0) at_target_ = LookAt(to_);
}

void RenamedFiles::Record(Row row) const {
  const HookScope scope;
  if (!scope.recording()) return;
  const std::optional<FileFacts>&moved = moved_.regular, &at_target = at_target_.regular;
  // Of two names of one file, rename(2) removes neither.
  if (moved && at_target && moved->identity == at_target->identity) return;
  const bool replaced = at_target && !exchanges_;
  if (replaced) WriteUnlinkedNow(scope, row, *at_target, to_, UnlinkedHow::kRename);
  if (moved_.leads_on || (exchanges_ && at_target_.leads_on)) {
    WriteMoved(scope, {.from = from_, .to = to_, .exchanged = exchanges_});
  }
  if (moved) WriteRenamedNow(scope, *moved, from_, to_, replaced);
  if (at_target && exchanges_) WriteRenamedNow(scope, *at_target, to_, from_);
}

LinkedFile::LinkedFile(const Linking& linking) : to_{linking.to_directory, linking.to} {
  const HookScope scope;
  if (!scope.recording()) return;
  const int follow = (linking.flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  file_ = RegularFileAt(linking.from_directory, linking.from, follow | (linking.flags & AT_EMPTY_PATH));
}

void LinkedFile::Record() const {
  if (!file_) return;
  const HookScope scope;
  if (!scope.recording()) return;
  FileFacts file = *file_;
  ++file.links;
  WriteLinked(scope, {.file = file, .to = to_});
}

}  // namespace fdtrace
