// The files that descriptors are open on.
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "collector/held_descriptors.h"

namespace fdtrace {
namespace {

// What the kernel adds to the link of a file without a name.
constexpr absl::string_view kDeleted = " (deleted)";

}  // namespace

// The file that the descriptor was last seen to be open on.
void HeldDescriptors::HoldSeen(Lifetime& lifetime, uint64_t at_ns) {
  const SeenDescriptor* const seen = lifetime.seen.get();
  if (seen == nullptr || !seen->file) return;
  HoldFile(lifetime, *seen->file, at_ns, seen->writes);
  absl::string_view path = seen->link;
  if (seen->file->links == 0) absl::ConsumeSuffix(&path, kDeleted);
  recording_.files.Named(lifetime.hold, std::string(path), seen->resource, at_ns);
}

void HeldDescriptors::HoldFile(Lifetime& lifetime, const FileFacts& facts, uint64_t at_ns, bool writes) {
  FileHold& hold = lifetime.hold;
  if (hold.file != nullptr && hold.file.get() == recording_.files.Find({facts.device, facts.inode})) {
    recording_.files.Seen(hold, facts, at_ns);
    return;
  }
  recording_.files.Closed(hold, at_ns);
  hold = recording_.files.Found(facts, at_ns, hold.opener != 0 ? hold.opener : OpenerOf(lifetime).place, writes);
}

void HeldDescriptors::Wrote(uint64_t id, int fd, const FileFacts& now, uint64_t at_ns) {
  const auto own = by_id_.find(id);
  const auto elder = by_number_.find(fd);
  if (own != by_id_.end()) {
    recording_.files.Wrote(own->second.hold, at_ns, now);
  } else if (elder != by_number_.end()) {
    recording_.files.Wrote(elder->second.hold, at_ns, now);
  }
}

HoldsByNumber HeldDescriptors::Files() const {
  HoldsByNumber holds;
  for (const auto& [id, lifetime] : by_id_) {
    if (lifetime.hold.file != nullptr) holds[lifetime.fd] = lifetime.hold;
  }
  for (const auto& [fd, elder] : by_number_) {
    if (elder.hold.file != nullptr) holds[fd] = elder.hold;
  }
  return holds;
}

void HeldDescriptors::LookAtFiles(const std::vector<SeenFile>& files, uint64_t at_ns) {
  absl::flat_hash_map<int, Lifetime*> unlisted;
  for (auto& [id, lifetime] : by_id_) {
    Lifetime*& latest = unlisted[lifetime.fd];
    if (latest == nullptr || latest->opened_ns < lifetime.opened_ns) latest = &lifetime;
  }
  for (auto& [fd, elder] : by_number_) unlisted[fd] = &elder;
  absl::erase_if(unlisted, [&](const auto& entry) { return entry.second->opened_ns > at_ns; });
  for (const SeenFile& file : files) {
    const auto it = unlisted.find(file.fd);
    if (it == unlisted.end()) continue;
    Lifetime& lifetime = *it->second;
    unlisted.erase(it);
    HoldFile(lifetime, file.file, at_ns, /*writes=*/false);
    lifetime.hold.listed = true;
    recording_.files.Named(lifetime.hold, file.path, RESOURCE_UNKNOWN, at_ns);
  }
  // What was listed before and is not now was closed, though no event has told.
  for (const auto& [fd, lifetime] : unlisted) {
    if (lifetime->hold.listed) recording_.files.Closed(lifetime->hold, at_ns);
  }
}

}  // namespace fdtrace
