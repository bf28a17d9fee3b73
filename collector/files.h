// Every file that recorded processes hold, by device and inode: who holds it, how large it is, whether it still has a
// name, and who took the last one. Pure.
//  - Events of different processes come in any order; their times decide. The kernel uses inodes again: a file that is
//    created where another one was is another file.
//  - Memory follows files held, those pinned by processes that have ended, and kMaxIdle more: what was told of a file
//    before it was told that it is held is kept for a while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "collector/pinned_bytes.h"
#include "collector/tracked_file.h"
#include "proto/trace_file.h"

namespace fdtrace {

FileFacts FactsOf(const FileState& state);

class Files {
 public:
  static constexpr size_t kMaxIdle = 16384;
  static constexpr size_t kMaxLeftHolders = 64;  // of one file, the latest

  // What the first program was given.
  void GivenByCaller(const FileFacts& facts, uint64_t at_ns);

  // A call made a descriptor that may write. `opener`: the place of the call, or the one that opened what it
  // duplicates.
  // `directory`: that its path is relative to.
  FileHold Opened(const Opened& opened, uint64_t at_ns, uint32_t opener, const std::string& directory = "");
  // The same file once more: a duplicate, or a child's copy.
  FileHold Share(const FileHold& hold);
  // /proc shows that a file is held. `opener`: 0 if not known; `writes`: by a descriptor that is known to be for
  // writing.
  FileHold Found(const FileFacts& facts, uint64_t at_ns, uint32_t opener, bool writes = false);
  // The same of a mapping. Where it may not be looked at, its sizes and links are not known (0), nor is its device that
  // of the file on every file system.
  FileHold FoundMapped(const SeenFile& seen, uint64_t at_ns);
  void SeenMapped(const FileHold& hold, const SeenFile& seen, uint64_t at_ns);
  // /proc shows the file that is held.
  void Seen(const FileHold& hold, const FileFacts& facts, uint64_t at_ns);
  // What its name is by /proc, or its kind.
  void Named(const FileHold& hold, const std::string& path, Resource kind, uint64_t at_ns);

  // Ends of a hold, which holds nothing afterwards. The process gave it up; `last` is the file as it was then, or null.
  // Of what may write alone is it told, so it tells also what the hold was.
  void Closed(FileHold& hold, uint64_t at_ns, const FileFacts* last = nullptr);
  // It is held on, and as large by now.
  void Wrote(FileHold& hold, uint64_t at_ns, const FileFacts& now);
  // That is told only now of a hold that has ended.
  void ClosedLate(const FileHold& ended, uint64_t at_ns, const FileFacts& last);
  // It never was one of its own:
  void Forget(FileHold& hold);
  // The process ended; `size_known`: it was looked at when it could write no more.
  void Left(FileHold& hold, LeftHolder holder, bool size_known = false);

  // Those that were open for writing and whose last writer has ended, since this was asked before, without telling how
  // large it left them; under the best of their names.
  std::vector<WrittenFile> TakeUnsettled();
  // All of which that is not known, those included that are open for writing.
  std::vector<WrittenFile> Unsettled() const;
  // One that was looked at by its name, when all that happened before has been told.
  void SeenByName(const FileId& id, const FileFacts& facts, uint64_t at_ns);

  // A name was removed.
  void Unlinked(const Unlinked& unlinked, uint64_t at_ns, uint32_t place);
  // A file got another name.
  void Renamed(const Renamed& renamed, uint64_t at_ns);
  // One more, or its first.
  void Linked(const Linked& linked, uint64_t at_ns);
  // What the code at one place has of a file system's space.
  struct SpaceUse {
    uint64_t grown_bytes = 0;  // by which files that it opened have grown so far
    uint64_t grown_files = 0;
    uint64_t pinned_bytes = 0;  // of files without a name that it opened and that are held now
    uint64_t pinned_files = 0;
  };
  // By place; it takes as long as there are files known.
  absl::flat_hash_map<uint32_t, SpaceUse> UseOf(uint64_t device) const;
  const TrackedFile* Find(const FileId& id) const;
  // No other file has its inode now.
  bool IsCurrent(const FileHold& hold) const { return Find(hold.file->id) == hold.file.get(); }

  // No event comes any more: files pinned, growth, file systems.
  absl::Status Write(const Sites& sites, const std::vector<MountedOn>& mounted, uint64_t end_ns,
                     TraceWriter& writer) const;

 private:
  using FilePointer = std::shared_ptr<TrackedFile>;

  FilePointer At(const FileId& id, uint64_t at_ns);
  FilePointer Make(const FileId& id, uint64_t at_ns) const;
  FilePointer Replace(const FileId& id, uint64_t at_ns);
  const TrackedFile* FindMapped(const SeenFile& seen) const;
  FilePointer AtOpened(const fdtrace::Opened& opened, uint64_t at_ns);
  FileHold Hold(FilePointer file, uint32_t opener, bool writes, uint64_t began_ns);  // 0: when is not known
  enum class LastSize { kTold, kNotTold };
  void Release(FileHold& hold, uint64_t at_ns, LastSize size);
  void Settle(const FilePointer& file);

  static void Look(TrackedFile& file, const FileFacts& facts, uint64_t at_ns);
  void Grow(TrackedFile& file, uint32_t place, uint64_t bytes);
  bool GrowTo(TrackedFile& file, uint64_t size, uint64_t at_ns);
  void Unsettle(const FilePointer& file, uint32_t place, uint64_t since_ns);
  static void GiveUpSettling(const TrackedFile& file, Growth& growth);
  void Account(TrackedFile& file, uint64_t at_ns);
  absl::Status WriteFilesystems(const std::vector<TracePinned>& files, const Sites& sites,
                                const std::vector<MountedOn>& mounted, uint64_t end_ns, TraceWriter& writer) const;

  absl::flat_hash_map<FileId, FilePointer> by_id_;
  std::list<FilePointer> idle_;                        // of these, without holders and not pinned, the oldest first
  std::vector<FilePointer> finished_;                  // pinned, and their inodes are used again
  std::vector<FilePointer> unsettled_;                 // since these were last asked for
  absl::flat_hash_map<uint64_t, PinnedBytes> pinned_;  // by device
  Growth growth_;
};

}  // namespace fdtrace
