#include "collector/created_files.h"

#include <algorithm>
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

void CreatedFiles::Created(const FileId& id, uint64_t at_ns, const std::string& path, uint32_t place) {
  if (path.empty()) return;
  if (names_.size() < max_files_) names_.insert(path);
  const auto known = files_.find(id);
  if (known != files_.end()) {
    // The inode is used again, so the file before is gone.
    if (at_ns >= known->second.at_ns) known->second = {.path = path, .at_ns = at_ns, .place = place};
    return;
  }
  if (files_.size() < max_files_) {
    files_[id] = {.path = path, .at_ns = at_ns, .place = place};
    return;
  }
  ++not_looked_at_;
  auto [directory, name] = Split(path);
  const auto key = std::pair(std::move(directory), CoarsePattern(name));
  if (beyond_.size() >= kMaxPatterns && !beyond_.contains(key)) return;
  Row& row = beyond_[key];
  ++row.files;
  row.places.Add(place);
}

void CreatedFiles::Removed(const FileId& id, uint64_t at_ns, const std::string& path) {
  if (const auto it = files_.find(id); it != files_.end()) {
    if (it->second.at_ns <= at_ns) files_.erase(it);
    return;
  }
  if (beyond_.empty()) return;
  const auto [directory, name] = Split(path);
  const auto row = beyond_.find({directory, CoarsePattern(name)});
  if (row == beyond_.end()) return;
  --not_looked_at_;
  row->second.places.Remove(row->second.places.first());
  if (--row->second.files == 0) beyond_.erase(row);
}

void CreatedFiles::Renamed(const FileId& id, uint64_t at_ns, const std::string& path, bool replaced) {
  const auto it = files_.find(id);
  if (it == files_.end() || it->second.at_ns > at_ns || path.empty()) return;
  if (replaced && !names_.contains(path)) {
    files_.erase(it);
    return;
  }
  if (names_.size() < max_files_) names_.insert(path);
  it->second.path = path;
}

std::vector<CreatedFile> CreatedFiles::Remaining() const {
  std::vector<CreatedFile> remaining;
  remaining.reserve(files_.size());
  for (const auto& [id, file] : files_) {
    remaining.push_back({.device = id.first, .inode = id.second, .path = file.path});
  }
  std::sort(remaining.begin(), remaining.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return remaining;
}

void CreatedFiles::LeftBehind(const CreatedFile& file, const FileFacts& facts) {
  if (facts.device != file.device || facts.inode != file.inode) return;  // another has its name
  const auto it = files_.find({file.device, file.inode});
  if (it == files_.end()) return;
  it->second.left = true;
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
    if (!file.left) continue;
    auto [directory, name] = Split(file.path);
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
      row.places.Add(file.place);
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
