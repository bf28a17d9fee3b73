// By how much files grow, and whose doing it is.
//
// A writer that closes tells how large it leaves its file. One that ends otherwise cannot: libc writes what streams
// have buffered when the process can be asked no more, an exec closes without a word, a signal kills. Then the file's
// growth is unsettled, and counts for that writer up to the next that is seen of it: another event, or a look by its
// name.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "collector/files.h"

namespace fdtrace {
namespace {

// A program that was started when the look was taken may have emptied the file just before, and says so only once it
// has said hello.
constexpr uint64_t kGraceNs = 1'000'000'000;

bool CanBeLookedAt(const TrackedFile& file) {
  return file.kind == FILE && file.links != 0 && absl::StartsWith(file.name.path(), "/");
}

WrittenFile Told(const TrackedFile& file) {
  return {.device = file.id.first, .inode = file.id.second, .path = file.name.path()};
}

}  // namespace

void Files::Grow(TrackedFile& file, uint32_t place, uint64_t bytes) {
  if (bytes == 0 || file.kind != FILE) return;
  auto it = std::find_if(file.grown.begin(), file.grown.end(), [&](const auto& one) { return one.first == place; });
  if (it == file.grown.end()) it = file.grown.emplace(file.grown.end(), place, 0);
  it->second += bytes;
  growth_.Count(place, bytes, it->second, file.shared_from_this());
}

// For whoever writes to it, or did until it ended without a word. False: nobody.
bool Files::GrowTo(TrackedFile& file, uint64_t size, uint64_t at_ns) {
  const std::optional<UnsettledGrowth>& unsettled = file.unsettled;
  if (!file.writers.empty()) {
    Grow(file, file.writers.first(), file.mark.Take(at_ns, size));
  } else if (unsettled && (!unsettled->looked_at || at_ns <= unsettled->until_ns)) {
    Grow(file, unsettled->place, file.mark.Take(at_ns, size));
  } else {
    return false;
  }
  return true;
}

void Files::Unsettle(const FilePointer& file, uint32_t place, uint64_t since_ns) {
  if (!file->writers.empty() || file->kind != FILE) return;
  file->unsettled = UnsettledGrowth{.place = place, .since_ns = since_ns};
  unsettled_.push_back(file);
}

void Files::GiveUpSettling(const TrackedFile& file, Growth& growth) {
  if (!file.unsettled || file.unsettled->looked_at) return;
  const uint32_t place = file.unsettled->place;
  const auto it =
      std::find_if(file.grown.begin(), file.grown.end(), [&](const auto& one) { return one.first == place; });
  growth.CountAtLeast(place, it == file.grown.end() ? 0 : it->second, file.shared_from_this());
}

std::vector<WrittenFile> Files::TakeUnsettled() {
  std::vector<FilePointer> files = std::exchange(unsettled_, {});
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  std::vector<WrittenFile> taken;
  for (const FilePointer& file : files) {
    const bool unsettled = file->unsettled && !file->unsettled->looked_at;
    if (unsettled && Find(file->id) == file.get() && CanBeLookedAt(*file)) taken.push_back(Told(*file));
  }
  return taken;
}

std::vector<WrittenFile> Files::Unsettled() const {
  std::vector<WrittenFile> all;
  for (const auto& [id, file] : by_id_) {
    const bool unsettled = file->unsettled && !file->unsettled->looked_at;
    if ((unsettled || !file->writers.empty()) && CanBeLookedAt(*file)) all.push_back(Told(*file));
  }
  return all;
}

void Files::SeenByName(const FileId& id, const FileFacts& facts, uint64_t at_ns) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return;
  TrackedFile& file = *it->second;
  GrowTo(file, facts.apparent_bytes, at_ns);
  if (file.unsettled) {
    file.unsettled->looked_at = true;
    file.unsettled->until_ns = at_ns + kGraceNs;
  }
  Look(file, facts, at_ns);
}

void Files::Wrote(FileHold& hold, uint64_t at_ns, const FileFacts& now) {
  // A forked child that says hello late has what its parent may have closed since.
  if (hold.file == nullptr || hold.file->id != FileId(now.device, now.inode) || !hold.writes) {
    const uint32_t opener = hold.file == nullptr ? hold.opener : 0;
    if (hold.file != nullptr) Release(hold, at_ns, LastSize::kNotTold);
    hold = Found(now, at_ns, opener, /*writes=*/true);
  }
  Seen(hold, now, at_ns);
}

void Files::ClosedLate(const FileHold& ended, uint64_t at_ns, const FileFacts& last) {
  Seen(ended, last, at_ns);
  if (ended.file->unsettled && ended.file->unsettled->place == ended.opener) ended.file->unsettled.reset();
}

}  // namespace fdtrace
