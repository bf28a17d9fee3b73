// What one process holds open: by lifetime id what its running image opened, by its number alone every elder: what the
// image was given, and what was opened unseen. Pure.
//  - Each ends once: by an event, by exec, unseen, or as still open with its process; its site counts the end. What was
//    closed only because the process was about to end is still open when it does.
//  - A lifetime and an elder never have the same number.
//  - opened_unseen, closed_unseen and peak_open of the process's totals are kept here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "collector/lifetime.h"
#include "collector/open_counts.h"

namespace fdtrace {

// An end that an event told: when, and the place of the code.
struct Ending {
  uint64_t at_ns = 0;
  uint32_t closer = 0;
  std::optional<FileFacts> file = std::nullopt;  // that it was open on, as it was then
  bool kept_to_the_end = false;                  // by its process, which was about to end
};

using HoldsByNumber = absl::flat_hash_map<int, FileHold>;

class HeldDescriptors {
 public:
  // `given`: who opened what is there, and `files`: which files its parent has there; as far as it is known.
  HeldDescriptors(const Image& image, const Openers& given, const HoldsByNumber& files, RecordedSoFar& recording,
                  TraceProcess& totals);

  bool Holds(uint64_t id) const { return by_id_.contains(id); }
  const Lifetime* Find(uint64_t id) const;  // null: not held
  const Lifetime* FindElder(int fd) const;  // likewise
  Resource ResourceOf(uint64_t id) const;   // as far as it is known
  std::vector<int> Numbers() const;

  Opener OpenerOf(const Lifetime& lifetime) const;
  // Who opened what is held, where that is known; 0-2 aside.
  Openers KnownOpeners() const;
  // The same of what the running image has no id for, as it came over an exec.
  Openers OpenersWithoutId() const;
  // The files of what is held.
  HoldsByNumber Files() const;
  // LIMIT: the soft RLIMIT_NOFILE; 0: not known.
  OpenCounts CountOpen(uint64_t limit) const;
  size_t size() const { return by_id_.size() + by_number_.size(); }

  // Its number is free: see MakeRoom.
  void Open(uint64_t id, Lifetime lifetime);
  // A call opened a descriptor at this number, so an elder there has ended: by that call if it overwrites, else unseen.
  // `came_upon`: the image said hello after the call, so what was found there is no elder.
  void MakeRoom(int fd, uint64_t at_ns, const std::optional<Ending>& overwrite, bool came_upon);
  // False: it is not known (yet). What had ended unseen is told now.
  bool Close(uint64_t id, const Ending& ending);
  bool CloseElder(int fd, const Ending& ending);
  void CloseElders(uint32_t first, uint32_t last, const Ending& ending);
  // The file of one that is held was seen to have grown.
  void Wrote(uint64_t id, int fd, const FileFacts& now, uint64_t at_ns);
  // Its number was found taken. False: it is not known (yet).
  bool Replace(uint64_t id, uint64_t at_ns);

  // The process as /proc shows it; see Model::Compare.
  void Compare(const std::vector<SeenDescriptor>& seen, uint64_t at_ns);
  // Another program has started. What is not in `present` has ended; `kept`, where the image told, tells who opened the
  // rest, better than what was known before.
  void Exec(uint64_t at_ns, const std::vector<SeenDescriptor>& present, const Openers* kept);
  // The same where nobody looked: what had an id and was not kept has ended.
  void ExecUnlooked(uint64_t at_ns, const Openers& kept);
  // All files without a name that it holds by descriptors; `files` may list mappings as well.
  void LookAtFiles(const std::vector<SeenFile>& files, uint64_t at_ns);
  // See Model::UntoldNumbers.
  std::vector<int> Untold(bool from_outside) const;
  // Nothing is held afterwards. `from_outside`: the process's parent is not part of the recording; `alive`: it is
  // recording that ends; `sizes_known`: /proc was read when the process could write no more.
  void LeaveOpen(uint64_t at_ns, bool from_outside, bool alive, bool sizes_known);

 private:
  // An end that counted as unseen; its event may still be under way.
  struct UnseenEnd {
    uint32_t place = 0;
    uint64_t opened_ns = 0;
    uint64_t noticed_ns = 0;
    bool settled = false;  // /proc was read again since: whatever comes is another close
    FileHold held = {};    // its file, though it is held no more
  };
  using SeenByNumber = absl::flat_hash_map<int, const SeenDescriptor*>;

  // Lifetime ids have 56 bits, so numbers can be told from them in one map.
  static constexpr uint64_t kNumberBit = uint64_t{1} << 63;
  static uint64_t KeyOf(int fd) { return kNumberBit | static_cast<uint32_t>(fd); }

  void KeepToTheEnd(Lifetime& lifetime, const Ending& ending);
  void EndSeen(Lifetime& lifetime, const Ending& ending);
  void EndUnseen(uint64_t key, Lifetime& lifetime, uint64_t noticed_ns);
  void Tell(const UnseenEnd& end, const Ending& ending);
  bool TellIfUnseen(uint64_t key, const Ending& ending);
  void Confirm(Lifetime& elder);
  void KeepPeak();

  Ending ByExec(uint64_t at_ns) const;
  static Opener OpenerByKept(const Lifetime& elder, const Openers& kept);
  void LeaveImage(uint64_t at_ns);
  bool IsAnother(const Lifetime& lifetime, const SeenDescriptor& seen) const;
  void Describe(Lifetime& lifetime, const SeenDescriptor& seen, uint64_t at_ns);
  void HoldSeen(Lifetime& lifetime, uint64_t at_ns);
  void HoldFile(Lifetime& lifetime, const FileFacts& facts, uint64_t at_ns, bool writes);
  void Give(Lifetime& elder, const Opener& opener) const;
  absl::flat_hash_map<int, uint64_t> LifetimesByNumber(uint64_t before_ns, uint64_t noticed_ns);
  void CompareLifetimes(SeenByNumber& unclaimed, uint64_t at_ns);
  void CompareElders(SeenByNumber& unclaimed, uint64_t at_ns);

  RecordedSoFar& recording_;
  TraceProcess& totals_;
  absl::flat_hash_map<uint64_t, Lifetime> by_id_;
  absl::flat_hash_map<int, Lifetime> by_number_;
  std::vector<Lifetime> kept_to_the_end_;                 // and closed by now
  absl::flat_hash_map<uint64_t, UnseenEnd> unseen_ends_;  // by id, or KeyOf(number)
};

}  // namespace fdtrace
