#include "collector/growth.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "collector/tracked_file.h"

namespace fdtrace {

void GrowthMark::Start(uint64_t at_ns, uint64_t size) {
  known_ = true;
  first_ns_ = last_ns_ = at_ns;
  first_size_ = last_size_ = size;
}

uint64_t GrowthMark::Take(uint64_t at_ns, uint64_t size) {
  const uint64_t growth = known_ && at_ns >= last_ns_ && size > last_size_ ? size - last_size_ : 0;
  Skip(at_ns, size);
  return growth;
}

uint64_t GrowthMark::Begin(uint64_t at_ns, uint64_t size) {
  if (!known_) Start(at_ns, size);
  if (at_ns >= first_ns_) return 0;
  const uint64_t growth = first_size_ > size ? first_size_ - size : 0;
  first_ns_ = at_ns;
  first_size_ = size;
  return growth;
}

void GrowthMark::Skip(uint64_t at_ns, uint64_t size) {
  if (!known_) Start(at_ns, size);
  if (at_ns < last_ns_ || (size < last_size_ && at_ns < last_ns_ + kSlackNs)) return;
  last_ns_ = at_ns;
  last_size_ = size;
}

void GrowthMark::Empty(uint64_t at_ns) {
  if (!known_ || at_ns < last_ns_) return;
  last_ns_ = at_ns;
  last_size_ = 0;
}

void Growth::Count(uint32_t place, uint64_t bytes, uint64_t of_file, std::shared_ptr<const TrackedFile> file) {
  Row& row = rows_[place];
  row.bytes += bytes;
  row.files += of_file == bytes;
  OfPlace& on_device = by_device_[file->id.first][place];
  on_device.bytes += bytes;
  on_device.files += of_file == bytes;
  if (of_file < row.most) return;
  row.most = of_file;
  row.file = std::move(file);
}

absl::flat_hash_map<uint32_t, Growth::OfPlace> Growth::On(uint64_t device) const {
  const auto it = by_device_.find(device);
  return it == by_device_.end() ? absl::flat_hash_map<uint32_t, OfPlace>() : it->second;
}

void Growth::CountAtLeast(uint32_t place, uint64_t of_file, std::shared_ptr<const TrackedFile> file) {
  Row& row = rows_[place];
  row.at_least = true;
  row.files += of_file == 0;
  if (row.file == nullptr) row.file = std::move(file);
}

void Growth::Row::Add(const Row& other) {
  bytes += other.bytes;
  files += other.files;
  at_least |= other.at_least;
  if (file != nullptr && other.most < most) return;
  most = other.most;
  file = other.file;
}

absl::Status Growth::Write(const Sites& sites, TraceWriter& writer) const {
  std::map<uint32_t, Row> joined;
  for (const auto& [place, row] : rows_) {
    joined[place == 0 ? 0 : sites.Find(place)].Add(row);
  }
  std::vector<std::pair<uint32_t, const Row*>> sorted;
  sorted.reserve(joined.size());
  for (const auto& [place, row] : joined) sorted.emplace_back(place, &row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second->bytes > b.second->bytes; });
  for (const auto& [place, row] : sorted) {
    TraceRecord record;
    TraceGrowth& trace = *record.mutable_growth();
    *trace.mutable_opened_at() = sites.ToTrace(place, row->files);
    trace.set_path(row->file->name.path());
    trace.set_nameless(row->file->removal.how == TracePinned::BORN);
    trace.set_at_least(row->at_least);
    trace.set_files(row->files);
    trace.set_bytes(row->bytes);
    if (absl::Status status = writer.Append(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fdtrace
