#include "collector/files.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "collector/pinned_files.h"

namespace fdtrace {
namespace {

absl::string_view LastComponent(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

// The call made a file without a name, as far as the call alone can tell.
bool IsBorn(const Opened& opened) {
  return opened.file().links() == 0 && opened.source() == 0 && opened.inode() == 0 && !opened.created() &&
         !absl::StartsWith(opened.path(), "/proc/") && !absl::StartsWith(opened.path(), "/dev/fd/");
}

// The place that its bytes count for.
uint32_t OpenerOf(const TrackedFile& file) { return file.openers.empty() ? file.last_opener : file.openers.first(); }

// The kernel's name for what never had one.
bool IsNameOfNameless(absl::string_view path, uint64_t inode) {
  return LastComponent(path) == absl::StrCat("#", inode);
}

}  // namespace

FileFacts FactsOf(const FileState& state) {
  return {.device = state.device(),
          .inode = state.inode(),
          .links = state.links(),
          .bytes = state.bytes(),
          .apparent_bytes = state.apparent_bytes()};
}

const TrackedFile* Files::Find(const FileId& id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second.get();
}

Files::FilePointer Files::At(const FileId& id, uint64_t at_ns) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return Replace(id, at_ns);
  it->second->first_ns = std::min(it->second->first_ns, at_ns);
  return it->second;
}

Files::FilePointer Files::Make(const FileId& id, uint64_t at_ns) const {
  auto file = std::make_shared<TrackedFile>();
  file->id = id;
  file->first_ns = at_ns;
  return file;
}

// Another file with this inode than the one before.
Files::FilePointer Files::Replace(const FileId& id, uint64_t at_ns) {
  FilePointer& file = by_id_[id];
  if (file != nullptr) {
    if (file->IsPinned() && !file->has_holders()) finished_.push_back(file);
    GiveUpSettling(*file, growth_);
    if (file->has_holders()) file->links = std::max<uint64_t>(file->links, 1);  // what they hold is not that file
    Account(*file, at_ns);
    if (file->idle) idle_.erase(*std::exchange(file->idle, std::nullopt));
  }
  FilePointer made = file = Make(id, at_ns);
  Settle(made);
  return made;
}

// Decides whether it is the file that was known by this inode.
Files::FilePointer Files::AtOpened(const fdtrace::Opened& opened, uint64_t at_ns) {
  const FileId id = {opened.file().device(), opened.file().inode()};
  const TrackedFile* const known = Find(id);
  if (known != nullptr && at_ns + kSlackNs < known->born_ns) return Make(id, at_ns);  // gone by now
  if (known == nullptr || at_ns <= known->first_ns) return At(id, at_ns);
  bool is_another = false;
  if (opened.created()) {
    // Of two that found no file and opened it at once, both say that they made it.
    const uint64_t meanwhile_ns = opened.absent_for_ns() != 0 ? opened.absent_for_ns() : kSlackNs;
    const bool made_meanwhile =
        at_ns <= known->first_ns + meanwhile_ns && (known->has_holders() || opened.absent_for_ns() != 0);
    is_another = !made_meanwhile;
  } else if (known->has_holders()) {
    is_another = false;
  } else if (opened.file().links() != 0) {
    is_another = known->links == 0 && at_ns > known->links_ns + kSlackNs;
  } else if (IsBorn(opened)) {
    is_another = LastComponent(opened.path()) != LastComponent(known->name.path()) || opened.path().empty();
  }
  return is_another ? Replace(id, at_ns) : At(id, at_ns);
}

FileHold Files::Hold(FilePointer file, uint32_t opener, bool writes, uint64_t began_ns) {
  ++file->holders;
  Settle(file);
  file->openers.Add(opener);
  if (writes) {
    file->writers.Add(opener);
    file->last_writer = opener;
    // What an earlier one may have written goes on being unsettled if that ended later than this one began.
    if (file->unsettled && began_ns >= file->unsettled->since_ns) file->unsettled.reset();
  }
  if (opener != 0) file->last_opener = opener;
  return {.file = std::move(file), .opener = opener, .writes = writes};
}

void Files::Release(FileHold& hold, uint64_t at_ns, LastSize size) {
  const FileHold ended = std::exchange(hold, {.file = nullptr, .opener = hold.opener});
  --ended.file->holders;
  ended.file->openers.Remove(ended.opener);
  if (ended.writes) ended.file->writers.Remove(ended.opener);
  if (ended.writes && size == LastSize::kNotTold) Unsettle(ended.file, ended.opener, at_ns);
  Account(*ended.file, at_ns);
  Settle(ended.file);
}

// What nobody holds is kept for a while; what is pinned, to the end.
void Files::Settle(const FilePointer& file) {
  const bool is_idle = !file->has_holders() && !file->IsPinned() && Find(file->id) == file.get();
  if (is_idle == file->idle.has_value()) return;
  if (!is_idle) {
    idle_.erase(*std::exchange(file->idle, std::nullopt));
    return;
  }
  file->idle = idle_.insert(idle_.end(), file);
  if (idle_.size() <= kMaxIdle) return;
  GiveUpSettling(*idle_.front(), growth_);
  by_id_.erase(idle_.front()->id);
  idle_.front()->idle = std::nullopt;
  idle_.pop_front();
}

void Files::GivenByCaller(const FileFacts& facts, uint64_t at_ns) {
  const FilePointer file = At({facts.device, facts.inode}, at_ns);
  file->from_caller = true;
}

FileHold Files::Opened(const fdtrace::Opened& opened, uint64_t at_ns, uint32_t opener, const std::string& directory) {
  const FilePointer file = AtOpened(opened, at_ns);
  const FileFacts facts = FactsOf(opened.file());
  // One that was not opened by a path is open on what somebody opened before.
  if (opened.path().empty() && !opened.created() && !file->openers.empty()) opener = file->openers.first();

  const FileState& before = opened.before();  // the call emptied it
  if (before.device() == file->id.first && before.inode() == file->id.second) {
    GrowTo(*file, before.apparent_bytes(), at_ns);
    file->mark.Empty(at_ns);
  }
  // Of two that made it at once, the later may tell how small it was long after the other wrote.
  const uint64_t size_ns = opened.created() ? std::min(at_ns, file->first_ns) : at_ns;
  Grow(*file, opener, file->mark.Begin(size_ns, facts.apparent_bytes));
  if (!GrowTo(*file, facts.apparent_bytes, size_ns)) file->mark.Skip(size_ns, facts.apparent_bytes);

  const bool nameless_since =
      file->removal.how == TracePinned::ANOTHER_PROCESS && !file->removed_by_call && at_ns <= file->removal.at_ns;
  const bool born = IsBorn(opened) && (file->removal.how == TracePinned::UNKNOWN || nameless_since);
  if (born) file->removal = {.how = TracePinned::BORN, .at_ns = at_ns, .place = 0};
  if (opened.created()) {
    file->born_ns = at_ns;
    file->name.Learn(FileName::kKernel, at_ns, opened.path());
  } else if (opened.file().links() != 0) {
    file->name.LearnArgument(at_ns, PathBelow(directory, opened.path()));
  }
  Look(*file, facts, at_ns);
  FileHold hold = Hold(file, opener, /*writes=*/true, at_ns);
  Account(*file, at_ns);
  return hold;
}

FileHold Files::Share(const FileHold& hold) {
  if (hold.file == nullptr) return {.file = nullptr, .opener = hold.opener};
  return Hold(hold.file, hold.opener, hold.writes, /*began_ns=*/0);
}

FileHold Files::Found(const FileFacts& facts, uint64_t at_ns, uint32_t opener, bool writes) {
  const FileId id = {facts.device, facts.inode};
  const TrackedFile* const known = Find(id);
  const bool is_another = known != nullptr && !known->has_holders() && known->links == 0 && facts.links != 0 &&
                          at_ns > known->links_ns + kSlackNs;
  const FilePointer file = is_another ? Replace(id, at_ns) : At(id, at_ns);
  GrowTo(*file, facts.apparent_bytes, at_ns);
  if (opener == 0) opener = writes && file->last_writer != 0 ? file->last_writer : file->last_opener;
  // What fdtrace's caller opened is written for the caller.
  FileHold hold = Hold(file, opener, writes && opener != 0 && !file->from_caller, at_ns);
  Seen(hold, facts, at_ns);
  return hold;
}

const TrackedFile* Files::FindMapped(const SeenFile& seen) const {
  if (const TrackedFile* const file = Find({seen.file.device, seen.file.inode})) return file;
  for (const auto& [id, file] : by_id_) {
    if (id.second == seen.file.inode && file->name.path() == seen.path && !seen.path.empty()) return file.get();
  }
  return nullptr;
}

FileHold Files::FoundMapped(const SeenFile& seen, uint64_t at_ns) {
  const TrackedFile* const known = seen.file.apparent_bytes == 0 ? FindMapped(seen) : nullptr;
  if (known == nullptr) return Found(seen.file, at_ns, 0);
  FileHold hold = Hold(by_id_.at(known->id), known->last_opener, /*writes=*/false, at_ns);
  SeenMapped(hold, seen, at_ns);
  return hold;
}

void Files::SeenMapped(const FileHold& hold, const SeenFile& seen, uint64_t at_ns) {
  const TrackedFile& file = *hold.file;
  FileFacts facts = seen.file;
  if (facts.apparent_bytes == 0) {  // its name is gone, and no more is known
    facts.bytes = file.bytes;
    facts.apparent_bytes = file.apparent_bytes;
    if (file.links > 1 || file.kept_a_name) facts.links = file.links;
  }
  const uint64_t seen_ns = file.seen_ns;
  Seen(hold, facts, at_ns);
  if (seen.file.apparent_bytes == 0) hold.file->seen_ns = seen_ns;
}

void Files::Seen(const FileHold& hold, const FileFacts& facts, uint64_t at_ns) {
  TrackedFile& file = *hold.file;
  if (hold.writes) Grow(file, hold.opener, file.mark.Take(at_ns, facts.apparent_bytes));
  Look(file, facts, at_ns);
  Account(file, at_ns);
}

void Files::Named(const FileHold& hold, const std::string& path, Resource kind, uint64_t at_ns) {
  TrackedFile& file = *hold.file;
  if (kind == MEMFD || kind == SHARED_MEMORY) file.kind = kind;
  if (absl::StartsWith(path, "/memfd:")) file.kind = MEMFD;
  if (absl::StartsWith(path, "/dev/shm/") || absl::StartsWith(path, "/SYSV")) file.kind = SHARED_MEMORY;
  const bool never_had_one = file.links == 0 && (file.kind == MEMFD || IsNameOfNameless(path, file.id.second));
  if (never_had_one && file.removal.how == TracePinned::ANOTHER_PROCESS) file.removal.how = TracePinned::BORN;
  if (!IsNameOfNameless(path, file.id.second)) file.name.Learn(FileName::kKernel, at_ns, path);
}

void Files::Closed(FileHold& hold, uint64_t at_ns, const FileFacts* last) {
  if (last != nullptr) Wrote(hold, at_ns, *last);
  if (hold.file == nullptr) return;
  hold.file->last_closed_ns = std::max(hold.file->last_closed_ns, at_ns);
  Release(hold, at_ns, last != nullptr ? LastSize::kTold : LastSize::kNotTold);
}

void Files::Forget(FileHold& hold) {
  if (hold.file != nullptr) Release(hold, hold.file->first_ns, LastSize::kTold);
}

void Files::Left(FileHold& hold, LeftHolder holder, bool size_known) {
  if (hold.file == nullptr) return;
  std::vector<LeftHolder>& left = hold.file->left;
  if (left.size() == kMaxLeftHolders) left.erase(left.begin());
  holder.opener = hold.opener;
  const uint64_t at_ns = holder.at_ns;
  left.push_back(std::move(holder));
  Release(hold, at_ns, size_known ? LastSize::kTold : LastSize::kNotTold);
}

void Files::Unlinked(const fdtrace::Unlinked& unlinked, uint64_t at_ns, uint32_t place) {
  const FileId id = {unlinked.file().device(), unlinked.file().inode()};
  const TrackedFile* const known = Find(id);
  if (known != nullptr && at_ns + kSlackNs < known->born_ns) return;  // gone by now
  // What has no name cannot lose one: such a file is gone for good once its last holder is.
  const bool is_another = known != nullptr && !known->has_holders() && known->IsPinned() &&
                          at_ns > known->removal.at_ns &&
                          std::all_of(known->left.begin(), known->left.end(),
                                      [&](const LeftHolder& holder) { return holder.at_ns < at_ns; });
  const FilePointer file = is_another ? Replace(id, at_ns) : At(id, at_ns);
  file->kept_a_name |= unlinked.file().links() != 0;
  if (unlinked.file().links() == 0) {
    TrackedFile::Removal& removal = file->removal;
    if (!file->removed_by_call || at_ns >= removal.at_ns) {
      const bool renamed_over = unlinked.how() == Unlinked::RENAME;
      removal = {.how = renamed_over ? TracePinned::RENAME : TracePinned::UNLINK, .at_ns = at_ns, .place = place};
    }
    file->removed_by_call = true;
    file->name.LearnArgument(at_ns, unlinked.path());
  }
  GrowTo(*file, unlinked.file().apparent_bytes(), at_ns);
  if (unlinked.file().links() == 0) file->unsettled.reset();  // nobody is there to write to it
  Look(*file, FactsOf(unlinked.file()), at_ns);
  Account(*file, at_ns);
  Settle(file);
}

void Files::Renamed(const fdtrace::Renamed& renamed, uint64_t at_ns) {
  At({renamed.device(), renamed.inode()}, at_ns)->name.Learn(FileName::kKernel, at_ns, renamed.new_path());
}

void Files::Linked(const fdtrace::Linked& linked, uint64_t at_ns) {
  const FileId id = {linked.file().device(), linked.file().inode()};
  const TrackedFile* const known = Find(id);
  const bool gets_its_first = linked.file().links() == 1;
  const bool is_another = known != nullptr && !known->has_holders() && known->links == 0 && !gets_its_first;
  const FilePointer file = is_another ? Replace(id, at_ns) : At(id, at_ns);
  if (file->links == 0 && at_ns >= file->links_ns) {
    file->links = linked.file().links();
    file->removal = {};
  }
  file->name.Learn(FileName::kKernel, at_ns, linked.new_path());
  Look(*file, FactsOf(linked.file()), at_ns);
  Account(*file, at_ns);
  Settle(file);
}

void Files::Look(TrackedFile& file, const FileFacts& facts, uint64_t at_ns) {
  if (at_ns >= file.seen_ns) {
    file.bytes = facts.bytes;
    file.apparent_bytes = facts.apparent_bytes;
    file.seen_ns = at_ns;
  }
  // linkat(2) gives a name back; but what was seen just before the name went may be told just after.
  const bool came_back = file.links == 0 && facts.links != 0;
  if (at_ns < file.links_ns || (came_back && at_ns <= file.links_ns + kSlackNs)) return;
  file.links = facts.links;
  file.links_ns = at_ns;
  if (facts.links == 0 && file.removal.how == TracePinned::UNKNOWN) {
    file.removal = {.how = TracePinned::ANOTHER_PROCESS, .at_ns = at_ns, .place = 0};
  }
}

// Keeps the sum of its file system.
void Files::Account(TrackedFile& file, uint64_t at_ns) {
  const bool counts = file.links == 0 && file.has_holders() && !file.IsCallers();
  const uint64_t bytes = counts ? file.bytes : 0;
  const uint32_t place = OpenerOf(file);
  if (bytes == file.counted_bytes && (bytes == 0 || place == file.counted_place)) return;
  PinnedBytes& pinned = pinned_[file.id.first];
  if (place == file.counted_place && bytes > file.counted_bytes) {
    pinned.Add(at_ns, place, bytes - file.counted_bytes);
  } else {
    pinned.Remove(at_ns, file.counted_place, file.counted_bytes);
    pinned.Add(at_ns, place, bytes);
  }
  file.counted_bytes = bytes;
  file.counted_place = place;
}

absl::flat_hash_map<uint32_t, Files::SpaceUse> Files::UseOf(uint64_t device) const {
  absl::flat_hash_map<uint32_t, SpaceUse> uses;
  for (const auto& [place, growth] : growth_.On(device)) {
    uses[place] = {.grown_bytes = growth.bytes, .grown_files = growth.files};
  }
  for (const auto& [id, file] : by_id_) {
    if (id.first != device || file->links != 0 || !file->has_holders() || file->IsCallers()) continue;
    SpaceUse& use = uses[OpenerOf(*file)];
    use.pinned_bytes += file->bytes;
    ++use.pinned_files;
  }
  return uses;
}

absl::Status Files::Write(const Sites& sites, const std::vector<MountedOn>& mounted, uint64_t end_ns,
                          TraceWriter& writer) const {
  std::vector<FilePointer> pinned = finished_;
  for (const auto& [id, file] : by_id_) {
    if (file->IsPinned()) pinned.push_back(file);
  }
  const std::vector<TracePinned> records = PinnedToTrace(pinned, sites, mounted);
  for (const TracePinned& file : records) {
    TraceRecord record;
    *record.mutable_pinned() = file;
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  Growth growth = growth_;
  for (const auto& [id, file] : by_id_) GiveUpSettling(*file, growth);
  if (absl::Status status = growth.Write(sites, writer); !status.ok()) return status;
  return WriteFilesystems(records, sites, mounted, end_ns, writer);
}

// Those that bytes or files were pinned in, the highest peak first.
absl::Status Files::WriteFilesystems(const std::vector<TracePinned>& files, const Sites& sites,
                                     const std::vector<MountedOn>& mounted, uint64_t end_ns,
                                     TraceWriter& writer) const {
  std::map<uint64_t, PinnedBytes> devices(pinned_.begin(), pinned_.end());
  for (const TracePinned& file : files) devices.try_emplace(file.device());
  std::vector<TraceFilesystem> records;
  for (const auto& [device, pinned] : devices) {
    TraceFilesystem& trace = records.emplace_back(pinned.ToTrace(sites, end_ns));
    trace.set_device(device);
    const auto on = std::find_if(mounted.begin(), mounted.end(),
                                 [device = device](const MountedOn& one) { return one.device == device; });
    if (on == mounted.end()) continue;
    trace.set_mount(on->mount);
    trace.set_type(on->type);
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) { return a.peak_bytes() > b.peak_bytes(); });
  for (const TraceFilesystem& filesystem : records) {
    TraceRecord record;
    *record.mutable_filesystem() = filesystem;
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
