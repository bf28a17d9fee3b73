// The files of a process: those that it opens, removes, renames and maps.
#include <utility>

#include "collector/traced_process.h"

namespace fdtrace {

// The file that an opened descriptor is open on, and the code that opened it, which for a duplicate is its source's.
FileHold TracedProcess::HoldOf(const Opened& opened, uint64_t at_ns, uint32_t place) {
  const Lifetime* const source = opened.source() == 0 ? nullptr : FindAnywhere(opened.source());
  if (!opened.has_file()) {
    if (source == nullptr) return {};
    FileHold hold = recording_.files.Share(source->hold);
    if (hold.opener == 0) hold.opener = held_.OpenerOf(*source).place;  // for the look that finds the file
    return hold;
  }
  uint32_t opener = source == nullptr ? 0 : source->hold.opener;
  if (opener == 0) opener = place != 0 ? place : image_->PlaceOf(opened, recording_.sites);
  if (!opened.directory().empty()) directory_ = opened.directory();
  FileHold hold = recording_.files.Opened(opened, at_ns, opener, directory_);
  if (place != 0) recording_.files.Named(hold, "", recording_.sites.At(place).made, at_ns);
  const TrackedFile& file = *hold.file;
  const bool has_name = opened.file().links() != 0;
  const bool born_without = file.removal.how == TracePinned::BORN && file.removal.at_ns == at_ns;
  if (has_name ? opened.created() : born_without) {
    recording_.created.Tell({.what = has_name ? NameEvent::kCreated : NameEvent::kCreatedUnnamed,
                             .at_ns = at_ns,
                             .file = file.id,
                             .path = opened.path(),
                             .place = opener});
  }
  return hold;
}

bool TracedProcess::Count(const Unlinked& unlinked, uint64_t at_ns) {
  if (!unlinked.has_file() || unlinked.file().inode() == 0) return false;
  const uint32_t place = image_->PlaceOf(unlinked, recording_.sites);
  recording_.files.Unlinked(unlinked, at_ns, place);
  recording_.created.Tell({.what = NameEvent::kUnlinked,
                           .at_ns = at_ns,
                           .file = {unlinked.file().device(), unlinked.file().inode()},
                           .path = unlinked.path(),
                           .links = unlinked.file().links()});
  return true;
}

bool TracedProcess::Count(const Renamed& renamed, uint64_t at_ns) {
  if (renamed.inode() == 0) return false;
  recording_.files.Renamed(renamed, at_ns);
  recording_.created.Tell({.what = NameEvent::kRenamed,
                           .at_ns = at_ns,
                           .file = {renamed.device(), renamed.inode()},
                           .path = renamed.new_path(),
                           .old_path = renamed.old_path(),
                           .replaced = renamed.replaced()});
  return true;
}

bool TracedProcess::Count(const Linked& linked, uint64_t at_ns) {
  if (!linked.has_file() || linked.file().inode() == 0 || linked.file().links() == 0) return false;
  recording_.files.Linked(linked, at_ns);
  recording_.created.Tell({.what = NameEvent::kLinked,
                           .at_ns = at_ns,
                           .file = {linked.file().device(), linked.file().inode()},
                           .path = linked.new_path(),
                           .links = linked.file().links()});
  return true;
}

bool TracedProcess::Count(const Moved& moved, uint64_t at_ns) {
  recording_.created.Tell({.what = NameEvent::kMoved,
                           .at_ns = at_ns,
                           .path = moved.new_path(),
                           .old_path = moved.old_path(),
                           .exchanged = moved.exchanged()});
  return true;
}

bool TracedProcess::Count(const Written& written, uint64_t at_ns) {
  if (written.file().inode() == 0) return false;
  held_.Wrote(written.id(), written.fd(), FactsOf(written.file()), at_ns);
  return true;
}

void TracedProcess::FilesHeld(const std::vector<SeenFile>& files, uint64_t at_ns) {
  held_.LookAtFiles(files, at_ns);
  absl::flat_hash_map<FileId, FileHold> mapped;
  for (const SeenFile& file : files) {
    const FileId id = {file.file.device, file.file.inode};
    if (file.fd >= 0 || mapped.contains(id)) continue;
    const auto known = mappings_.find(id);
    if (known != mappings_.end() && recording_.files.IsCurrent(known->second)) {
      mapped[id] = std::exchange(known->second, {});
      recording_.files.SeenMapped(mapped[id], file, at_ns);
    } else {
      mapped[id] = recording_.files.FoundMapped(file, at_ns);
    }
    recording_.files.Named(mapped[id], file.path, RESOURCE_UNKNOWN, at_ns);
  }
  EndMappings(at_ns);
  mappings_ = std::move(mapped);
  recording_.failures.LookedAt(totals_.serial(), at_ns, recording_.files, recording_.created);
}

// A call failed for want of descriptors or space.
void TracedProcess::CountLack(const Failed& failed, uint64_t at_ns) {
  const auto function = image_->definitions().FindFunction(failed.function(), recording_.sites);
  const Failures::Call call = {.failed = failed,
                               .at_ns = at_ns,
                               .place = image_->PlaceOf(failed, recording_.sites),
                               .function = function ? recording_.sites.NameText(function->name) : "",
                               .process = totals_.serial(),
                               .limits = limits_};
  const auto open = [&] { return held_.CountOpen(failed.nofile_soft()); };
  recording_.failures.Count(call, held_.size(), open, recording_.files, recording_.created, recording_.sites);
}

void TracedProcess::EndMappings(uint64_t at_ns) {
  for (auto& [id, hold] : mappings_) recording_.files.Closed(hold, at_ns);
  mappings_.clear();
}

}  // namespace fdtrace
