#include "collector/created_files.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "collector/name_patterns.h"

namespace fdtrace {
namespace {

std::pair<std::string, std::string> Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

bool IsTemporary(const std::string& directory) {
  if (directory == "/dev/shm" || directory.starts_with("/dev/shm/")) return true;
  for (const absl::string_view component : absl::StrSplit(directory, '/')) {
    const std::string name = absl::AsciiStrToLower(component);
    if (name == "tmp" || name == "temp" || name == ".tmp" || name == "tmpdir") return true;
  }
  return false;
}

void CreatedFiles::Tell(NameEvent event) {
  events_.Add(std::move(event));
  if (const std::optional<NameEvent> due = events_.TakeDue()) Apply(*due);
}

void CreatedFiles::Apply(const NameEvent& event) {
  switch (event.what) {
    case NameEvent::kCreated:
      return Make(event.file, {.at_ns = event.at_ns, .place = event.place}, event.path);
    case NameEvent::kCreatedUnnamed:
      return MakeUnnamed(event.file, {.at_ns = event.at_ns, .place = event.place});
    case NameEvent::kLinked:
      return Link(event);
    case NameEvent::kRenamed:
      return Rename(event);
    case NameEvent::kUnlinked:
      return Unlink(event);
    case NameEvent::kMoved:
      return names_.Move(event.old_path, event.path, event.exchanged);
  }
}

void CreatedFiles::Make(const FileId& id, const Maker& maker, const std::string& path) {
  if (path.empty()) return;
  const auto known = files_.find(id);
  if (known == files_.end() && files_.size() >= max_files_) return CountBeyond(id.first, path, maker.place);
  if (known != files_.end()) {
    if (maker.at_ns < known->second.made.at_ns) return;
    names_.TakeAll(id);  // the inode is used again, so the file before is gone
  }
  files_[id] = {.made = maker, .left_at = {}};
  names_.Give(id, path, /*replaced=*/false);
}

void CreatedFiles::MakeUnnamed(const FileId& id, const Maker& maker) {
  if (!unnamed_.insert_or_assign(id, maker).second) return;
  unnamed_in_order_.push_back(id);
  if (unnamed_in_order_.size() <= kMaxUnnamed) return;
  unnamed_.erase(unnamed_in_order_.front());
  unnamed_in_order_.pop_front();
}

void CreatedFiles::Link(const NameEvent& event) {
  // Only one that was made without a name gets its first one so.
  const auto unnamed = event.links == 1 ? unnamed_.find(event.file) : unnamed_.end();
  if (unnamed != unnamed_.end()) return Make(event.file, unnamed->second, event.path);
  const auto file = files_.find(event.file);
  if (file != files_.end() && file->second.made.at_ns <= event.at_ns) names_.Give(event.file, event.path, false);
}

void CreatedFiles::Rename(const NameEvent& event) {
  const auto file = files_.find(event.file);
  if (file == files_.end() || file->second.made.at_ns > event.at_ns || event.path.empty()) return;
  if (event.old_path.empty()) {
    names_.TakeAll(event.file);
  } else {
    names_.Take(event.file, event.old_path);
  }
  names_.Give(event.file, event.path, event.replaced);
}

void CreatedFiles::Unlink(const NameEvent& event) {
  const auto file = files_.find(event.file);
  if (file == files_.end()) {
    if (event.links == 0) UncountBeyond(event.file.first, event.path);
  } else if (file->second.made.at_ns <= event.at_ns) {
    names_.Take(event.file, event.path);
    if (event.links != 0) return;
    names_.TakeAll(event.file);
    files_.erase(file);
  }
}

void CreatedFiles::CountBeyond(uint64_t device, const std::string& path, uint32_t place) {
  ++not_looked_at_;
  auto [directory, name] = Split(path);
  const auto key = std::pair(std::move(directory), CoarsePattern(name));
  if (beyond_.size() >= kMaxPatterns && !beyond_.contains(key)) return;
  Row& row = beyond_[key];
  ++row.files;
  row.places.Add(place);
  beyond_on_[device].Add(place);
}

void CreatedFiles::UncountBeyond(uint64_t device, const std::string& path) {
  if (beyond_.empty()) return;
  const auto [directory, name] = Split(path);
  const auto row = beyond_.find({directory, CoarsePattern(name)});
  if (row == beyond_.end()) return;
  --not_looked_at_;
  beyond_on_[device].Remove(row->second.places.first());
  row->second.places.Remove(row->second.places.first());
  if (--row->second.files == 0) beyond_.erase(row);
}

absl::flat_hash_map<uint32_t, uint64_t> CreatedFiles::CountOn(uint64_t device) const {
  absl::flat_hash_map<FileId, uint32_t> places;
  for (const auto& [id, file] : files_) {
    if (id.first == device) places[id] = file.made.place;
  }
  for (const NameEvent* event : events_.AllWaiting()) {
    if (event->file.first != device) continue;
    if (event->what == NameEvent::kCreated) places[event->file] = event->place;
    if (event->what == NameEvent::kUnlinked && event->links == 0) places.erase(event->file);
  }
  absl::flat_hash_map<uint32_t, uint64_t> counts;
  for (const auto& [id, place] : places) ++counts[place];
  if (const auto beyond = beyond_on_.find(device); beyond != beyond_on_.end()) {
    for (const auto& [place, count] : beyond->second.all()) counts[place] += count;
  }
  return counts;
}

std::vector<CreatedFile> CreatedFiles::Remaining() {
  while (const std::optional<NameEvent> event = events_.Take()) Apply(*event);
  std::vector<CreatedFile> remaining;
  remaining.reserve(files_.size());
  for (const auto& [id, file] : files_) {
    std::vector<std::string> paths = names_.Of(id);
    if (paths.empty()) continue;
    CreatedFile& one = remaining.emplace_back();
    one.device = id.first;
    one.inode = id.second;
    one.path = std::move(paths.front());
    one.other_paths.assign(std::make_move_iterator(paths.begin() + 1), std::make_move_iterator(paths.end()));
    for (std::string& guess : names_.GuessesOf(id)) one.other_paths.push_back(std::move(guess));
  }
  std::sort(remaining.begin(), remaining.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return remaining;
}

void CreatedFiles::LeftBehind(const CreatedFile& file, const FileFacts& facts) {
  if (facts.device != file.device || facts.inode != file.inode) return;  // another has its name
  const auto it = files_.find({file.device, file.inode});
  if (it == files_.end()) return;
  it->second.left_at = file.path;
  it->second.bytes = facts.bytes;
  it->second.apparent_bytes = facts.apparent_bytes;
}

void CreatedFiles::Row::Add(const Row& other) {
  files += other.files;
  bytes += other.bytes;
  apparent_bytes += other.apparent_bytes;
  places.Add(other.places);
}

CreatedFiles::Rows CreatedFiles::Fold() const {
  std::map<std::string, std::vector<std::pair<std::string, const File*>>> directories;
  for (const auto& [id, file] : files_) {
    if (file.left_at.empty()) continue;
    auto [directory, name] = Split(file.left_at);
    directories[std::move(directory)].emplace_back(std::move(name), &file);
  }
  Rows rows;
  std::map<std::pair<std::string, std::string>, std::string> finer;  // pattern by directory and coarse pattern
  for (const auto& [directory, files] : directories) {
    std::vector<std::string> names;
    names.reserve(files.size());
    for (const auto& [name, file] : files) names.push_back(name);
    const std::vector<std::string> patterns = NamePatterns(names);
    for (size_t i = 0; i < files.size(); ++i) {
      const File& file = *files[i].second;
      Row& row = rows[{directory, patterns[i]}];
      row.Add({.files = 1, .bytes = file.bytes, .apparent_bytes = file.apparent_bytes, .places = {}});
      row.places.Add(file.made.place);
      if (!beyond_.empty()) finer[{directory, CoarsePattern(names[i])}] = patterns[i];
    }
  }
  // Those that were only counted are of a kind with others that are known.
  for (const auto& [key, row] : beyond_) {
    const auto known = finer.find(key);
    rows[{key.first, known == finer.end() ? key.second : known->second}].Add(row);
  }
  return rows;
}

absl::Status CreatedFiles::Write(const Sites& sites, TraceWriter& writer) const {
  std::vector<TraceLeftover> records;
  for (const auto& [key, row] : Fold()) {
    TraceLeftover& trace = records.emplace_back();
    trace.set_directory(key.first);
    trace.set_pattern(key.second);
    trace.set_files(row.files);
    trace.set_bytes(row.bytes);
    trace.set_apparent_bytes(row.apparent_bytes);
    for (TracePlace& place : row.places.ToTrace(sites)) *trace.add_created_at() = std::move(place);
    trace.set_is_temporary(IsTemporary(key.first));
  }
  std::stable_sort(records.begin(), records.end(), [](const TraceLeftover& a, const TraceLeftover& b) {
    return std::tuple(a.is_temporary(), a.bytes(), a.files()) > std::tuple(b.is_temporary(), b.bytes(), b.files());
  });
  for (const TraceLeftover& leftover : records) {
    TraceRecord record;
    *record.mutable_leftover() = leftover;
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
